// The dataset page: what a recipe does to a sample, what each of its damages does at each severity, and the command.

import { askJson, ask, byId, copyButton, element } from "./http.js";

const recipes = await askJson("GET", "/api/recipes");
const chosen = () => recipes.find((recipe) => recipe.name === byId("recipe").value);
const query = () => `sample=${encodeURIComponent(byId("sample").value)}&seed=${Math.max(0, Number(byId("seed").value) || 0)}`;

function tile(address, title, text) {
  const image = element("img", { alt: `${title}, on the sample ${byId("sample").value}`, loading: "lazy" });
  const caption = element("figcaption", {}, element("strong", { textContent: title }), element("span", { textContent: text }));
  const figure = element("figure", {}, image, caption);
  load(image, address, caption.lastChild);
  return { item: element("li", {}, figure), image, caption };
}

async function load(image, address, place) {
  try {
    const answer = await ask("GET", address);
    const steps = answer.headers.get("X-Imagic-Steps");
    if (steps !== null && place) place.textContent = steps || "left as it is";
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(await answer.blob());
  } catch (error) {
    image.alt = error.message;
  }
}

function drawSheet() {
  const recipe = chosen();
  byId("summary").textContent = recipe.summary + (recipe.scale > 1 ? ` The degraded picture is ${recipe.scale} times smaller each way.` : "");
  const tiles = Array.from({ length: 6 }, (_, variant) => tile(`/api/recipes/${recipe.name}/tiles/${variant}.png?${query()}`, `Variant ${variant + 1}`, "…").item);
  byId("sheet").replaceChildren(...tiles);
}

function drawDamages() {
  byId("damages").replaceChildren(...chosen().damages.map(damageTile));
}

function damageTile({ name, title, summary }) {
  const address = (severity) => `/api/damages/${name}/${severity}.png?${query()}`;
  const { item, image, caption } = tile(address(3), title, summary);
  const share = element("output", { textContent: "3 of 5" });
  const range = element("input", { type: "range", min: 1, max: 5, value: 3, id: `severity-${name}` });
  range.addEventListener("input", () => {
    share.textContent = `${range.value} of 5`;
    load(image, address(range.value));
  });
  const label = element("label", { className: "slider-row", htmlFor: range.id }, element("span", {}, "Severity", element("span", { className: "unseen", textContent: ` of ${title}` })), share);
  caption.append(label, range);
  return item;
}

function setAll() {
  byId("all-value").value = `${byId("all").value} of 5`;
  for (const range of document.querySelectorAll("#damages input")) {
    range.value = byId("all").value;
    range.dispatchEvent(new Event("input"));
  }
}

async function writeCommand() {
  const request = {
    recipe: byId("recipe").value,
    images: byId("images").value,
    data_dir: byId("data-dir").value,
    seed: Math.max(0, Number(byId("seed").value) || 0),
    variants: Math.max(1, Number(byId("variants").value) || 1),
  };
  try {
    byId("command").textContent = (await askJson("POST", "/api/commands/build-dataset", request)).command;
  } catch (error) {
    byId("command").textContent = error.message;
  }
}

function draw() {
  drawSheet();
  drawDamages();
  writeCommand();
}

for (const id of ["recipe", "sample", "seed"]) byId(id).addEventListener("change", draw);
for (const id of ["images", "data-dir", "variants"]) byId(id).addEventListener("change", writeCommand);
byId("all").addEventListener("input", setAll);
copyButton(byId("copy"), () => byId("command").textContent);
draw();
