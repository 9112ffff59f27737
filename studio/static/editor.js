// What only a person knows about a picture: where it is damaged, and which colours it had.
// One canvas over the picture serves both, by pointer and by keys.

import { byId, element } from "./http.js";

const RED = "rgb(214 40 30)";

export class Editor {
  // `changed` is called after every edit.
  constructor(changed) {
    this.canvas = byId("paint");
    this.pen = this.canvas.getContext("2d", { willReadFrequently: true });
    this.changed = changed;
    this.kind = "mask";
    this.canvas.addEventListener("pointerdown", (event) => this.#press(event));
    this.canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => this.#release());
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.canvas.addEventListener("blur", () => this.#draw(false));
    byId("clear-mask").addEventListener("click", () => this.#clear());
  }

  // Opens a picture's notes: {width, height, mask: canvas or null, points: [...]}.
  open(notes, kind) {
    this.notes = notes;
    this.kind = kind;
    this.cursor = [notes.width / 2, notes.height / 2];
    Object.assign(this.canvas, { width: notes.width, height: notes.height });
    this.canvas.setAttribute("aria-label", kind === "mask" ? "Damage to paint" : "Place for a known colour");
    this.#draw(false);
    this.#list();
  }

  // Takes a black and white mask as found by the studio.
  async take(blob) {
    const image = await createImageBitmap(blob);
    const mask = this.#mask();
    const pen = mask.getContext("2d");
    pen.clearRect(0, 0, mask.width, mask.height);
    pen.drawImage(image, 0, 0);
    const pixels = pen.getImageData(0, 0, mask.width, mask.height);
    for (let at = 0; at < pixels.data.length; at += 4) {
      const damaged = pixels.data[at] >= 128;
      pixels.data.set(damaged ? [255, 255, 255, 255] : [0, 0, 0, 0], at);
    }
    pen.putImageData(pixels, 0, 0);
    this.#draw(false);
    this.changed();
  }

  #mask() {
    const { notes } = this;
    notes.mask ??= Object.assign(document.createElement("canvas"), { width: notes.width, height: notes.height });
    return notes.mask;
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.notes.width, ((event.clientY - box.top) / box.height) * this.notes.height];
  }

  #press(event) {
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.cursor = this.#place(event);
    if (this.kind === "points") return this.#point();
    this.last = this.cursor;
    this.#stroke();
  }

  #move(event) {
    if (!this.last) return;
    this.cursor = this.#place(event);
    this.#stroke();
  }

  #release() {
    if (!this.last) return;
    this.last = null;
    this.changed();
  }

  #stroke() {
    const pen = this.#mask().getContext("2d");
    pen.globalCompositeOperation = document.querySelector("input[name=brush]:checked").value === "erase" ? "destination-out" : "source-over";
    Object.assign(pen, { lineCap: "round", lineJoin: "round", strokeStyle: "#fff", lineWidth: this.#brush() });
    pen.beginPath();
    pen.moveTo(...(this.last ?? this.cursor));
    pen.lineTo(this.cursor[0] + 0.01, this.cursor[1]);
    pen.stroke();
    this.last = this.cursor;
    this.#draw(false);
  }

  #brush() {
    return Math.max(3, (Number(byId("brush-size").value) * Math.max(this.notes.width, this.notes.height)) / 1000);
  }

  #point() {
    const [column, row] = this.cursor.map(Math.floor);
    this.notes.points.push({ row, column, colour: byId("point-colour").value });
    this.#draw(true);
    this.#list();
    this.changed();
  }

  #clear() {
    this.notes.mask = null;
    this.#draw(false);
    this.changed();
  }

  #key(event) {
    const step = Math.max(1, Math.max(this.notes.width, this.notes.height) / (event.shiftKey ? 20 : 100));
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const act = event.key === (this.kind === "mask" ? " " : "Enter");
    if (!moves[event.key] && !act) return;
    event.preventDefault();
    if (act && this.kind === "points") return this.#point();
    if (act) {
      this.#stroke();
      this.#release();
    } else {
      const limits = [this.notes.width - 1, this.notes.height - 1];
      this.cursor = this.cursor.map((value, axis) => Math.min(Math.max(value + moves[event.key][axis], 0), limits[axis]));
    }
    this.#draw(true);
  }

  #draw(cross) {
    if (!this.notes) return;
    const { pen, notes } = this;
    pen.clearRect(0, 0, notes.width, notes.height);
    const unit = Math.max(notes.width, notes.height) / 250;
    if (this.kind === "mask" && notes.mask) {
      pen.globalAlpha = 0.62;
      pen.drawImage(notes.mask, 0, 0);
      pen.globalCompositeOperation = "source-in";
      pen.fillStyle = RED;
      pen.fillRect(0, 0, notes.width, notes.height);
      pen.globalCompositeOperation = "source-over";
      pen.globalAlpha = 1;
    }
    for (const point of this.kind === "points" ? notes.points : []) {
      pen.beginPath();
      pen.arc(point.column + 0.5, point.row + 0.5, 2 * unit, 0, 7);
      Object.assign(pen, { fillStyle: point.colour, strokeStyle: "#fff", lineWidth: unit });
      pen.fill();
      pen.stroke();
    }
    if (cross) this.#drawCross(unit);
  }

  #drawCross(unit) {
    const [x, y] = this.cursor;
    const arm = 5 * unit;
    for (const [colour, width] of [["#000", 1.4 * unit], ["#fff", 0.6 * unit]]) {
      Object.assign(this.pen, { strokeStyle: colour, lineWidth: width });
      this.pen.beginPath();
      this.pen.moveTo(x - arm, y);
      this.pen.lineTo(x + arm, y);
      this.pen.moveTo(x, y - arm);
      this.pen.lineTo(x, y + arm);
      this.pen.stroke();
    }
  }

  #list() {
    const items = this.notes.points.map((point, number) => {
      const swatch = element("span", { className: "swatch" });
      swatch.style.background = point.colour;
      const remove = element("button", { type: "button", textContent: "Remove" });
      remove.setAttribute("aria-label", `Remove colour ${number + 1}`);
      remove.addEventListener("click", () => {
        this.notes.points.splice(number, 1);
        this.#draw(false);
        this.#list();
        this.changed();
      });
      return element("li", {}, swatch, `${point.column}, ${point.row} `, remove);
    });
    byId("point-list").replaceChildren(...items);
  }
}

// The mask as the studio takes it: a black and white PNG in base64; null where nothing is painted.
export async function encodedMask(notes) {
  if (!notes.mask) return null;
  const flat = Object.assign(document.createElement("canvas"), { width: notes.width, height: notes.height });
  const pen = flat.getContext("2d");
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, flat.width, flat.height);
  pen.drawImage(notes.mask, 0, 0);
  return flat.toDataURL("image/png").split(",")[1];
}
