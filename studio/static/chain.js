// The stages that were chosen, in order, each with its strength; and what else belongs to a treatment.

import { byId, element } from "./http.js";

export class Chain {
  // `changed` is called after every choice.
  constructor(changed) {
    this.changed = changed;
    this.stages = [];
    this.chips = new Map([...document.querySelectorAll("[data-stage]")].map((chip) => [chip.dataset.stage, chip]));
    for (const [name, chip] of this.chips) chip.addEventListener("click", () => this.#toggle(name));
    for (const mode of document.querySelectorAll("input[name=mode]")) mode.addEventListener("change", () => this.#draw());
    for (const id of ["detail", "stretch"]) {
      byId(id).addEventListener("input", () => this.#tell());
      byId(id).addEventListener("change", this.changed);
    }
    this.#tell();
    this.#draw();
  }

  get auto() {
    return document.querySelector("input[name=mode]:checked").value === "auto";
  }

  // As the studio takes it, without what belongs to one picture.
  get treatment() {
    const finish = { detail: Number(byId("detail").value) / 100, stretch: Number(byId("stretch").value) };
    return { stages: this.auto ? [] : this.stages, auto: this.auto, ...finish };
  }

  get runnable() {
    return this.auto || this.stages.length > 0;
  }

  // Whether a chosen stage takes a "mask" or "points"; returns its name.
  taking(what) {
    return this.auto ? undefined : this.stages.map((stage) => stage.model).find((name) => this.chips.get(name).dataset[what] === "1");
  }

  get classical() {
    return this.stages.some((stage) => this.chips.get(stage.model).dataset.classical === "1");
  }

  take(stages) {
    document.querySelector("input[name=mode][value=chosen]").checked = true;
    this.stages = stages.map(({ model, strength }) => ({ model, strength }));
    this.#draw();
  }

  #toggle(name) {
    const place = this.stages.findIndex((stage) => stage.model === name);
    if (place >= 0) this.stages.splice(place, 1);
    else this.stages.push({ model: name, strength: 1 });
    this.#draw();
  }

  #move(place, by) {
    const [stage] = this.stages.splice(place, 1);
    this.stages.splice(place + by, 0, stage);
    this.#draw();
    byId("chain").children[place + by].querySelector(`[data-by="${by}"]:not(:disabled), button:not(:disabled)`)?.focus();
  }

  #draw() {
    byId("chooser").hidden = this.auto;
    for (const [name, chip] of this.chips) chip.setAttribute("aria-pressed", this.stages.some((stage) => stage.model === name));
    byId("chain").replaceChildren(...this.stages.map((stage, place) => this.#item(stage, place)));
    byId("chain-empty").hidden = this.stages.length > 0;
    this.changed();
  }

  #item(stage, place) {
    const title = this.chips.get(stage.model).dataset.title;
    const button = (label, text, disabled, act) => {
      const made = element("button", { type: "button", textContent: text, disabled });
      made.setAttribute("aria-label", `${label} ${title}`);
      made.addEventListener("click", act);
      return made;
    };
    const up = button("Earlier:", "↑", place === 0, () => this.#move(place, -1));
    const down = button("Later:", "↓", place === this.stages.length - 1, () => this.#move(place, 1));
    up.dataset.by = -1;
    down.dataset.by = 1;
    const remove = button("Leave out", "×", false, () => this.#toggle(stage.model));
    const share = element("output", { textContent: `${Math.round(stage.strength * 100)} %` });
    const range = element("input", { type: "range", min: 0, max: 100, step: 5, value: stage.strength * 100, id: `strength-${place}` });
    range.addEventListener("input", () => {
      stage.strength = Number(range.value) / 100;
      share.textContent = `${range.value} %`;
    });
    range.addEventListener("change", this.changed);
    const label = element("label", { className: "slider-row", htmlFor: range.id }, element("span", {}, "Strength", element("span", { className: "unseen", textContent: ` of ${title}` })), share);
    const cell = element("div", {}, label, range);
    cell.style.gridColumn = "1 / -1";
    return element("li", {}, element("span", { className: "name", textContent: title }), element("span", { className: "moves" }, up, down, remove), cell);
  }

  #tell() {
    byId("detail-value").value = `${byId("detail").value} %`;
    byId("stretch-value").value = Number(byId("stretch").value) ? `${byId("stretch").value} %` : "off";
  }
}
