// A basket of papers that is kept in this browser, over pages and visits. Any <button data-basket="KEY"> puts a paper
// in or takes it out; the page /basket/ lists what is in and joins the papers' own files into one download.
const opener = document.querySelector(".basket-open");
const root = new URL("..", opener.href);
const STORE = `${root.pathname}basket`;

function read() {
  try {
    const keys = JSON.parse(localStorage.getItem(STORE) ?? "[]");
    return Array.isArray(keys) ? keys.filter((key) => /^[a-z]+\d{4}[a-z0-9]+$/.test(key)) : [];
  } catch {
    return []; // no storage in this browser, or not ours
  }
}

function write(keys) {
  localStorage.setItem(STORE, JSON.stringify(keys));
  show();
}

function toggle(key) {
  const keys = read();
  write(keys.includes(key) ? keys.filter((other) => other !== key) : [...keys, key]);
}

function show() {
  const keys = read();
  opener.hidden = !keys.length;
  opener.querySelector("span").textContent = keys.length;
  document.querySelectorAll("button[data-basket]").forEach((button) => {
    const isIn = keys.includes(button.dataset.basket);
    button.setAttribute("aria-pressed", isIn);
    button.textContent = isIn ? "✓ Basket" : "+ Basket";
  });
  document.querySelectorAll(".basket").forEach((basket) => list(basket, keys));
}

async function load(key, suffix) {
  const answer = await fetch(new URL(`papers/${key}${suffix}`, root));
  if (!answer.ok) throw new Error(`got status ${answer.status} for ${key}; take it out of the basket`);
  return answer.text();
}

// The papers in one file: lists of CSL-JSON become one list; records of the other formats follow each other.
async function join(keys, suffix) {
  const texts = await Promise.all(keys.map((key) => load(key, suffix)));
  if (!suffix.endsWith(".json")) return texts.join("\n");
  return `${JSON.stringify(texts.flatMap((text) => JSON.parse(text)), null, 2)}\n`;
}

async function list(basket, keys) {
  const items = await Promise.all(keys.map((key) => describe(key)));
  if (read().join() !== keys.join()) return; // changed while the files were read
  basket.querySelector("ol").replaceChildren(...items);
  basket.querySelector("[role=status]").textContent = keys.length === 1 ? "1 paper" : `${keys.length} papers`;
  basket.querySelectorAll(".basket__actions").forEach((part) => { part.hidden = !keys.length; });
  basket.querySelector(".basket__empty").hidden = keys.length > 0;
}

async function describe(key) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = new URL(`papers/${key}/`, root);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "Remove";
  remove.addEventListener("click", () => toggle(key));
  try {
    const [paper] = JSON.parse(await load(key, ".csl.json"));
    link.textContent = paper.title;
    const [first, ...others] = paper.author ?? [];
    const names = first ? `${first.family ?? first.literal}${others.length ? " et al." : ""}, ` : "";
    item.append(link, ` ${names}${paper.issued["date-parts"][0][0]} `, remove);
    remove.setAttribute("aria-label", `Remove ${paper.title}`);
  } catch (error) {
    item.append(`${error.message}: ${key} `, remove);
  }
  return item;
}

async function save(button, status) {
  try {
    const text = await join(read(), button.dataset.suffix);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.download = `basket${button.dataset.suffix}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    status.textContent = `${link.download} is downloaded.`;
  } catch (error) {
    status.textContent = error.message;
  }
}

document.querySelectorAll("button[data-basket]").forEach((button) => {
  button.addEventListener("click", () => toggle(button.dataset.basket));
});
document.querySelectorAll(".basket").forEach((basket) => {
  basket.hidden = false;
  document.querySelector(".basket-plain").hidden = true;
  basket.querySelectorAll("button[data-suffix]").forEach((button) => {
    button.addEventListener("click", () => save(button, basket.querySelector("[role=status]")));
  });
  basket.querySelector(".basket__clear").addEventListener("click", () => write([]));
});
addEventListener("storage", (event) => { if (event.key === STORE) show(); });
show();
