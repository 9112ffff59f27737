// The restore page: pictures in, treatment chosen, work followed, results compared and taken away.

import { Chain } from "./chain.js";
import { Editor, encodedMask } from "./editor.js";
import { ask, askJson, byId, copyButton, element, pause } from "./http.js";
import { Viewer } from "./viewer.js";

const limits = byId("bench").dataset;
const pictures = new Map();
let current = null;
let running = null;

const viewer = new Viewer();
const editor = new Editor(() => {});
const chain = new Chain(() => queueMicrotask(refresh));

// --- taking pictures in

async function addFiles(files) {
  byId("alerts").replaceChildren();
  for (const file of files) {
    try {
      await addFile(file);
    } catch (error) {
      complain(file.name, error.message);
    }
  }
  status("");
}

async function addFile(file) {
  if (file.size > Number(limits.maxBytes)) {
    const size = (file.size / 1e6).toFixed(1);
    throw new Error(`A file is larger than this studio takes: ${size} MB, and ${limits.maxMb} MB are taken.`);
  }
  status(`Reading and measuring ${file.name} …`);
  const facts = await askJson("POST", `/api/pictures?name=${encodeURIComponent(file.name)}`, file);
  const picture = { ...facts, mask: null, points: [], result: null, version: 0 };
  pictures.set(picture.id, picture);
  addToStrip(picture);
  select(picture);
}

function addToStrip(picture) {
  const choose = element("button", { type: "button", className: "choose" }, element("img", { src: view(picture, "before"), alt: "" }), element("span", { textContent: picture.name }));
  choose.addEventListener("click", () => select(picture));
  const remove = element("button", { type: "button", className: "remove", textContent: "×" });
  remove.setAttribute("aria-label", `Remove ${picture.name}`);
  remove.addEventListener("click", () => forget(picture));
  picture.item = element("li", {}, choose, remove);
  byId("strip").append(picture.item);
  byId("drop").classList.add("small");
  byId("try").hidden = true;
}

function forget(picture) {
  ask("DELETE", `/api/pictures/${picture.id}`).catch(() => {});
  pictures.delete(picture.id);
  picture.item.remove();
  const next = [...pictures.values()].at(-1) ?? null;
  if (current === picture) select(next);
  byId("drop").classList.toggle("small", pictures.size > 0);
  byId("try").hidden = pictures.size > 0;
  (next?.item.querySelector("button") ?? byId("files")).focus();
}

function complain(name, message) {
  const close = element("button", { type: "button", textContent: "×" });
  close.setAttribute("aria-label", `Dismiss the message about ${name}`);
  const note = element("div", { className: "alert" }, element("span", {}, element("strong", { textContent: `${name}: ` }), message), close);
  close.addEventListener("click", () => note.remove());
  byId("alerts").append(note);
}

// --- showing the current one

const view = (picture, name) => `/api/pictures/${picture.id}/${name}.png?${picture.version}`;

function select(picture) {
  current = picture;
  byId("easel").hidden = !picture;
  for (const { item, id } of pictures.values()) item.querySelector(".choose").setAttribute("aria-pressed", id === picture?.id);
  if (picture) {
    showPicture();
    showMeasured(picture.diagnosis);
  }
  refresh();
}

function showPicture() {
  const { result, width, height } = current;
  viewer.show(view(current, "before"), result && view(current, "after"), result?.width ?? width, result?.height ?? height, current.name);
  const facts = `${current.format.toUpperCase()}, ${current.width} × ${current.height}, ${current.bit_depth} bits${current.pages > 1 ? `, ${current.pages} pages` : ""}`;
  if (!result) byId("legend").textContent = facts;
  byId("result").hidden = !result;
  pressView("compare");
  if (!result) return;
  const names = result.stages.map((stage) => stage.model.replace("baseline:", "")).join(", ") || "nothing was needed";
  byId("outcome").textContent = `${facts}. Restored in ${result.seconds} s: ${names}.`;
  byId("download-png").href = `/api/pictures/${current.id}/result?form=png`;
  byId("download-original").href = `/api/pictures/${current.id}/result?form=original`;
  byId("download-original").hidden = current.original_suffix === ".png";
  byId("download-original").textContent = `Download as ${current.original_suffix.slice(1).toUpperCase()}, with its metadata`;
}

function showMeasured({ measures, proposal, remarks }) {
  const rows = measures.map((measure) => element("tr", {}, element("th", { scope: "row", textContent: measure.title }), element("td", { className: "figure", textContent: measure.text }), element("td", { className: measure.needed ? "verdict-needed" : "", textContent: measure.verdict === "good" ? "✓ good" : measure.verdict })));
  const parts = rows.length ? [element("table", { className: "measures" }, element("tbody", {}, ...rows))] : [];
  parts.push(...remarks.map((text) => element("p", { className: "quiet", textContent: text })));
  if (proposal.length) {
    const use = element("button", { type: "button", textContent: "Use this proposal" });
    use.addEventListener("click", () => chain.take(proposal));
    const names = proposal.map((stage) => stage.title).join(", then ");
    parts.push(element("p", {}, "Proposed: ", element("strong", { textContent: names })), use);
  }
  byId("measured").replaceChildren(...parts);
}

function pressView(name) {
  for (const button of document.querySelectorAll("[data-try]")) {
  button.addEventListener("click", async () => {
    const sample = await ask("GET", button.dataset.try);
    addFiles([new File([await sample.blob()], `${button.textContent.toLowerCase()}.png`)]);
  });
}
for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", button.dataset.view === name);
  byId("mask-tools").hidden = name !== "mask";
  byId("point-tools").hidden = name !== "points";
  if (name === "compare") viewer.mode(current.result ? "compare" : "plain");
  else {
    viewer.mode("paint");
    editor.open(current, name);
  }
}

async function findDamage() {
  const stage = chain.taking("mask");
  status("Looking for damage …");
  try {
    const found = await ask("POST", `/api/pictures/${current.id}/mask?stage=${encodeURIComponent(stage)}`, {});
    await editor.take(await found.blob());
    status("Damage found is shown in red; correct it where it is wrong.");
  } catch (error) {
    status(error.message);
  }
}

// --- working

async function run(chosen) {
  running = { stopped: false };
  refresh();
  byId("progress").hidden = false;
  for (const [number, picture] of chosen.entries()) {
    if (running.stopped) break;
    const place = chosen.length > 1 ? `${number + 1} of ${chosen.length}: ` : "";
    try {
      await restore(picture, place);
    } catch (error) {
      if (error.kind === "not-found") picture.item.remove();
      if (error.kind !== "cancelled") complain(picture.name, error.message);
    }
  }
  status(running.stopped ? "Stopped." : chosen.some((picture) => picture.result) ? "Done." : "");
  running = null;
  byId("progress").hidden = true;
  refresh();
}

async function restore(picture, place) {
  const treatment = { ...chain.treatment };
  if (chain.taking("mask")) treatment.mask = await encodedMask(picture);
  if (chain.taking("points")) treatment.points = picture.points;
  let job = await askJson("POST", `/api/pictures/${picture.id}/restore`, treatment);
  running.job = job.id;
  for (let wait = 120; job.state === "waiting" || job.state === "running"; wait = Math.min(wait * 1.3, 1000)) {
    byId("progress").value = job.share;
    status(place + (job.state === "waiting" ? `waiting, ${job.ahead} before it` : `${picture.name}: ${job.note || "starting"} …`));
    await pause(wait);
    job = await askJson("GET", `/api/jobs/${job.id}`);
  }
  if (job.state !== "done") throw Object.assign(new Error(job.problem?.detail ?? "Cancelled."), { kind: job.problem?.kind ?? "cancelled" });
  picture.result = job.result;
  picture.version += 1;
  picture.item.querySelector(".choose").classList.add("done");
  if (picture === current) showPicture();
}

function stop() {
  running.stopped = true;
  if (running.job) ask("DELETE", `/api/jobs/${running.job}`).catch(() => {});
  status("Stopping after this stage …");
}

// --- what depends on everything

function refresh() {
  const able = Boolean(current) && chain.runnable && !running;
  byId("run").disabled = !able;
  byId("run-all").disabled = !able;
  byId("run-all").hidden = pictures.size < 2;
  byId("run-all").textContent = `Restore all ${pictures.size}`;
  byId("stop").hidden = !running;
  for (const what of ["mask", "points"]) {
    const button = document.querySelector(`[data-view=${what}]`);
    button.hidden = !chain.taking(what);
    if (button.hidden && button.getAttribute("aria-pressed") === "true") pressView("compare");
  }
  writeCommand();
}

let asked = 0;

async function writeCommand() {
  if (!chain.runnable) {
    byId("command").textContent = "Choose a stage first.";
    byId("command").parentElement.hidden = false;
    byId("command-note").textContent = "";
    byId("copy").disabled = true;
    return;
  }
  const turn = ++asked;
  await pause(150);
  if (turn !== asked) return;
  const request = { treatment: chain.treatment, input: byId("input-folder").value, out: byId("output-folder").value };
  try {
    const { command, note } = await askJson("POST", "/api/commands/enhance", request);
    if (turn !== asked) return;
    byId("command").textContent = command;
    byId("command").parentElement.hidden = !command;
    byId("command-note").textContent = note;
    byId("copy").disabled = !command;
  } catch (error) {
    byId("command-note").textContent = error.message;
  }
}

function status(text) {
  byId("status").textContent = text;
}

// --- wiring

byId("files").addEventListener("change", async (event) => {
  const files = [...event.target.files];
  event.target.value = "";
  await addFiles(files);
});
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    byId("drop").classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) document.addEventListener(name, () => byId("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  addFiles([...event.dataTransfer.files]);
});
for (const button of document.querySelectorAll("[data-try]")) {
  button.addEventListener("click", async () => {
    const sample = await ask("GET", button.dataset.try);
    addFiles([new File([await sample.blob()], `${button.textContent.toLowerCase()}.png`)]);
  });
}
for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => pressView(button.dataset.view));
byId("find-damage").addEventListener("click", findDamage);
byId("run").addEventListener("click", () => run([current]));
byId("run-all").addEventListener("click", () => run([...pictures.values()]));
byId("stop").addEventListener("click", stop);
for (const id of ["input-folder", "output-folder"]) byId(id).addEventListener("input", writeCommand);
copyButton(byId("copy"), () => byId("command").textContent);
addEventListener("pagehide", (event) => {
  if (event.persisted) return;
  for (const id of pictures.keys()) fetch(`/api/pictures/${id}`, { method: "DELETE", keepalive: true });
});
refresh();
