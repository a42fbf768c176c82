// Search over search.json, in the browser: a dialog with one field and a list of links. Opens with "/" or the header's link.
const WEIGHTS = { title: 5, aliases: 5, authors: 4, words: 3, text: 1 };
const MOST = 12;

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const split = (text) => fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];

// Endings that English adds to a word; index and query lose the same ones.
function stem(word) {
  const stemmed = word.replace(/(?:ing|ied|ed|ies|es|s)$/, (ending) => (ending.startsWith("i") && ending !== "ing" ? "y" : ""));
  return stemmed.length < 3 ? word : stemmed.replace(/[ey]$/, "");
}

// How many letters must be put in, left out or changed to make `b` out of `a` (Levenshtein's distance).
function countEdits(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length];
}

class SearchIndex {
  constructor(documents) {
    this.documents = documents;
    this.postings = new Map(); // stemmed word -> Map(number of a document -> weight)
    documents.forEach((document, number) => this.#add(document, number));
    this.vocabulary = [...this.postings.keys()].sort();
  }

  #add(document, number) {
    for (const [field, weight] of Object.entries(WEIGHTS)) {
      const counts = new Map();
      for (const word of split(document[field] ?? "")) counts.set(stem(word), (counts.get(stem(word)) ?? 0) + 1);
      for (const [word, count] of counts) {
        if (!this.postings.has(word)) this.postings.set(word, new Map());
        const found = this.postings.get(word);
        found.set(number, (found.get(number) ?? 0) + (2 * weight * count) / (count + 1));
      }
    }
  }

  // The indexed words that a typed word may stand for, each with how well it fits.
  #expand(word) {
    const stemmed = stem(word);
    const found = new Map();
    const isStart = (other) => other.startsWith(word) || (stemmed.length > 3 && other.startsWith(stemmed));
    for (const other of this.vocabulary) if (isStart(other)) found.set(other, 0.6);
    if (this.postings.has(stemmed)) found.set(stemmed, 1);
    if (!found.size && stemmed.length > 4) {
      const most = stemmed.length > 7 ? 2 : 1; // a misspelt word: the same first letter, one or two edits
      const near = this.vocabulary.filter((other) => other[0] === stemmed[0] && Math.abs(other.length - stemmed.length) <= most);
      for (const other of near) if (countEdits(stemmed, other) <= most) found.set(other, 0.5);
    }
    return found;
  }

  // Documents by falling score: rare words count more, and so does a document that has more of the query's words.
  search(query) {
    const words = [...new Set(split(query))];
    const scores = new Map();
    const covered = new Map();
    let total = 0;
    for (const word of words) {
      const best = new Map();
      for (const [other, fit] of this.#expand(word)) {
        for (const [number, weight] of this.postings.get(other)) {
          best.set(number, Math.max(best.get(number) ?? 0, fit * weight));
        }
      }
      const rarity = Math.log(1 + this.documents.length / (1 + best.size));
      total += rarity;
      for (const [number, weight] of best) {
        scores.set(number, (scores.get(number) ?? 0) + rarity * weight);
        covered.set(number, (covered.get(number) ?? 0) + rarity);
      }
    }
    const phrase = split(query).join(" ");
    const score = ([number, sum]) => {
      const document = this.documents[number];
      const names = split(`${document.title} ${document.aliases ?? ""}`).join(" ");
      const isNamed = phrase.length > 2 && ` ${names} `.includes(` ${phrase} `);
      return sum * (covered.get(number) / total) ** 2 * (isNamed ? 2 : 1) * (document.kind.endsWith("paper") ? 1 : 0.5);
    };
    return [...scores].map((entry) => [score(entry), entry[0]]).sort((a, b) => b[0] - a[0] || a[1] - b[1])
      .map(([, number]) => this.documents[number]);
  }
}

// The text with the query's words marked; built from text nodes, so no field is ever read as HTML.
function mark(text, query) {
  const wanted = split(query).map(stem).filter((word) => word.length > 2);
  return text.split(/([\p{L}\p{N}]+)/u).map((part) => {
    if (!wanted.some((word) => fold(part).startsWith(word))) return part;
    const marked = document.createElement("mark");
    marked.textContent = part;
    return marked;
  });
}

// The sentence of a text that has most of the query's words.
function excerpt(text, query) {
  const wanted = split(query).map(stem).filter((word) => word.length > 2);
  const count = (sentence) => {
    const words = split(sentence);
    return wanted.filter((word) => words.some((other) => other.startsWith(word))).length;
  };
  const sentences = text.split(/(?<=[.?!]) /);
  return sentences.reduce((best, sentence) => (count(sentence) > count(best) ? sentence : best), sentences[0]);
}

function showResult(result, query, base) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = new URL(result.url, base);
  const parts = [["strong", result.title], ["span", result.shown ?? result.kind], ["span", excerpt(result.text, query)]];
  if (result.kind === "replicated paper") parts.splice(1, 0, ["em", "replicated"]);
  for (const [tag, text] of parts) {
    const part = document.createElement(tag);
    part.append(...mark(text, query));
    link.append(part);
  }
  item.append(link);
  return item;
}

function setUpSearch(dialog, openers, suggestions) {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("ol");
  const status = dialog.querySelector("output");
  const base = new URL(dialog.dataset.base.replace(/\/?$/, "/"), location.href);
  let index;

  const load = () => (index ??= fetch(new URL("search.json", base)).then((answer) => {
    if (!answer.ok) throw new Error(`got status ${answer.status} for search.json; build the site again`);
    return answer.json();
  }).then((documents) => new SearchIndex(documents)));

  // On the page for addresses that do not exist: what the words of the address may have meant.
  async function suggest() {
    const path = decodeURIComponent(location.pathname).replace(/\.html$/, "").replace("/papers/", "/");
    const words = split(path).join(" ");
    const results = (await load()).search(words).slice(0, 5);
    suggestions.querySelector("ol").append(...results.map((result) => showResult(result, words, base)));
    suggestions.hidden = !results.length;
  }

  async function update() {
    const query = input.value;
    const results = split(query).length ? (await load()).search(query) : [];
    if (query !== input.value) return; // typed on while the index was loading
    list.replaceChildren(...results.slice(0, MOST).map((result) => showResult(result, query, base)));
    const most = results.length > MOST ? `, the best ${MOST} of them shown` : "";
    const found = results.length ? `${results.length} found${most}` : "Nothing found. Try fewer or other words.";
    status.textContent = split(query).length ? found : "";
  }

  function open(event) {
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
    input.select();
    load();
  }

  function move(event) {
    const links = [...list.querySelectorAll("a")];
    const place = links.indexOf(document.activeElement);
    if (event.key === "Enter" && document.activeElement === input && links.length) links[0].click();
    else if (event.key === "ArrowDown") links[Math.min(place + 1, links.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (links[place - 1] ?? input).focus();
    else return;
    event.preventDefault();
  }

  for (const opener of openers) {
    opener.addEventListener("click", open);
    opener.addEventListener("pointerenter", load);
  }
  if (suggestions) suggest();
  input.addEventListener("input", update);
  dialog.addEventListener("keydown", move);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("a")) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) open(event);
  });
}

setUpSearch(
  document.querySelector("#search-dialog"),
  document.querySelectorAll(".search-open, .search-link"),
  document.querySelector(".suggestions"),
);
