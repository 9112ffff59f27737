// The picture on the easel: before/after slider, zoom up to single pixels, scrolling with pointer and keys.

import { byId } from "./http.js";

const STEPS = [0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8];

export class Viewer {
  constructor() {
    this.slider = byId("slider");
    this.viewport = byId("viewport");
    this.holder = byId("holder");
    this.size = [1, 1];
    this.fitted = true;
    this.scale = 1;
    byId("zoom-in").addEventListener("click", () => this.zoom(STEPS.find((step) => step > this.scale + 1e-6) ?? 8));
    byId("zoom-out").addEventListener("click", () => this.zoom(STEPS.findLast((step) => step < this.scale - 1e-6) ?? STEPS[0]));
    byId("zoom-full").addEventListener("click", () => this.zoom(1));
    byId("zoom-fit").addEventListener("click", () => this.fit());
    this.viewport.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.slider.addEventListener("slide", () => this.#tell());
    this.slider.addEventListener("keydown", (event) => this.#ends(event));
    new ResizeObserver(() => this.fitted && this.fit()).observe(this.viewport.parentElement);
  }

  // Shows a picture; `after` is null while there is no result. Sizes are those of the larger one.
  show(before, after, width, height, name) {
    const changed = this.size[0] !== width || this.size[1] !== height;
    this.size = [width, height];
    byId("before").src = before;
    byId("plain").src = before;
    byId("plain").alt = `${name}, as it was`;
    if (after) byId("after").src = after;
    this.compared = Boolean(after);
    this.mode(this.compared ? "compare" : "plain");
    if (changed || this.fitted) this.fit();
  }

  mode(name) {
    this.slider.hidden = name !== "compare";
    byId("plain").hidden = name === "compare";
    byId("paint").hidden = name !== "paint";
    byId("legend").textContent =
      name === "compare" ? "Left: as it was. Right: restored. Drag the line, or use the arrow keys; Ctrl and the wheel zoom." : "";
    if (name === "compare") this.#tell();
  }

  zoom(scale) {
    this.fitted = false;
    this.#apply(scale);
  }

  fit() {
    this.fitted = true;
    const room = [this.viewport.clientWidth, Math.max(window.innerHeight * 0.72, 224)];
    this.#apply(Math.min(room[0] / this.size[0], room[1] / this.size[1], 4));
  }

  #apply(scale) {
    const view = this.viewport;
    const middle = [(view.scrollLeft + view.clientWidth / 2) / this.scale, (view.scrollTop + view.clientHeight / 2) / this.scale];
    this.scale = Math.min(Math.max(scale, 0.02), 8);
    this.holder.style.width = `${Math.max(1, Math.round(this.size[0] * this.scale))}px`;
    this.holder.style.aspectRatio = `${this.size[0]} / ${this.size[1]}`;
    this.holder.classList.toggle("pixels", this.scale > 2);
    byId("zoom").value = `${Math.round(this.scale * 100)} %`;
    view.scrollTo(middle[0] * this.scale - view.clientWidth / 2, middle[1] * this.scale - view.clientHeight / 2);
  }

  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoom(this.scale * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
  }

  #ends(event) {
    if (event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    this.slider.value = event.key === "Home" ? 0 : 100;
    this.#tell();
  }

  #tell() {
    const share = Math.round(this.slider.value);
    this.slider.setAttribute("aria-valuenow", share);
    this.slider.setAttribute("aria-valuetext", `${share} % as it was, ${100 - share} % restored`);
  }
}
