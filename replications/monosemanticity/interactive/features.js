// The feature browser: a table of all features, and for a chosen one the shard with its examples.
"use strict";

(() => {
  const root = document.querySelector(".features");
  const PAGE = 20; // rows shown at a time
  const status = root.querySelector(".features__status");
  const list = root.querySelector(".features__list");
  const detail = root.querySelector(".features__detail");
  const [search, context, order] = ["input", "select", "label:last-child select"].map((s) => list.querySelector(s));
  const shards = new Map(); // promises of shards by number
  let index = null, shown = [], page = 0, chosen = null;

  const read = async (name) => {
    const answer = await fetch(root.dataset.results + name);
    if (!answer.ok) throw new Error(`${name}: got status ${answer.status}`);
    return answer.json();
  };

  const make = (tag, text, attributes = {}) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };

  // Blanks and line breaks are drawn, so that tokens made of them can be seen.
  const visible = (token) => index.tokens[token].replaceAll("\n", "↵").replaceAll("\t", "→").replace(/^ +| +$/g, (s) => "·".repeat(s.length));
  const often = (feature) => {
    const logarithm = index.density[feature];
    if (logarithm === null) return "never";
    const share = 10 ** (logarithm / 100);
    return share >= 0.01 ? `${(100 * share).toPrecision(2)} %` : `1 in ${Math.round(1 / share).toLocaleString("en")}`;
  };
  const label = (feature) => (feature in index.labels ? index.contexts[index.labels[feature]] : "");

  const ORDERS = {
    number: (a, b) => a - b,
    dense: (a, b) => (index.density[b] ?? -1e9) - (index.density[a] ?? -1e9),
    rare: (a, b) => (index.density[a] ?? 1e9) - (index.density[b] ?? 1e9),
    shared: (a, b) => index.match[b] - index.match[a],
    own: (a, b) => index.match[a] - index.match[b],
  };

  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    shown = index.token.map((_, feature) => feature).filter((feature) =>
      (!wanted || String(feature) === wanted || index.tokens[index.token[feature]].toLowerCase().includes(wanted)) &&
      (!context.value || label(feature) === context.value));
    shown.sort(ORDERS[order.value]);
    page = 0;
    draw();
  };

  const draw = () => {
    const body = list.querySelector("tbody");
    const first = page * PAGE;
    body.replaceChildren(...shown.slice(first, first + PAGE).map((feature) => {
      const row = make("tr", undefined, feature === chosen ? { "aria-current": "true" } : {});
      const button = make("button", String(feature), { type: "button", "aria-label": `Show feature ${feature}` });
      const cells = [make("td"), make("td"), make("td", often(feature)), make("td", (index.match[feature] / 100).toFixed(2)), make("td", label(feature))];
      cells[0].append(button);
      cells[1].append(make("code", visible(index.token[feature])));
      row.append(...cells);
      row.addEventListener("click", () => choose(feature));
      return row;
    }));
    const last = Math.min(first + PAGE, shown.length);
    list.querySelector(".features__count").textContent = shown.length ? `${first + 1} to ${last} of ${shown.length} features` : "No feature fits.";
    const [previous, next] = list.querySelectorAll(".features__pages button");
    previous.disabled = page === 0;
    next.disabled = last >= shown.length;
  };

  const histogram = (counts) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "features__histogram");
    svg.setAttribute("viewBox", `0 0 ${Math.max(counts.length, 1)} 1`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `Histogram of activations from 0 to the maximum, heights logarithmic: ${counts.join(", ")} tokens`);
    const highest = Math.log1p(Math.max(1, ...counts));
    counts.forEach((count, place) => {
      const bar = document.createElementNS(svg.namespaceURI, "rect");
      const height = Math.log1p(count) / highest;
      for (const [name, value] of Object.entries({ x: place + 0.05, y: 1 - height, width: 0.9, height })) bar.setAttribute(name, value);
      svg.append(bar);
    });
    return svg;
  };

  const example = (data) => {
    const line = make("p", undefined, { class: "features__example" });
    data.tokens.forEach((token, place) => {
      const shade = Number(data.shades[place]);
      const node = make(place === data.at ? "b" : "span", token.replaceAll("\n", "↵\n"), shade ? { class: `features__s${shade}` } : {});
      line.append(node);
    });
    return line;
  };

  const weights = (title, rows) => {
    const box = make("div");
    const items = make("ol");
    items.append(...rows.map(([token, weight]) => {
      const item = make("li");
      item.append(make("code", visible(token)), make("span", weight.toFixed(2)));
      return item;
    }));
    box.append(make("h5", title), items);
    return box;
  };

  const link = (feature, text) => {
    const button = make("a", text, { href: `#feature-${feature}` });
    button.addEventListener("click", (event) => { event.preventDefault(); choose(feature); });
    return button;
  };

  const facts = (data) => {
    const box = make("dl");
    const add = (name, ...values) => { const cell = make("dd"); cell.append(...values); box.append(make("dt", name), cell); };
    add("Active on", often(data.feature));
    if (data.context) add("Found for", data.context);
    add("Match in B/1", `feature ${data.match[0]}, correlation ${data.match[1].toFixed(2)}`);
    add("Random transformer", `best correlation ${data.random.toFixed(2)}`);
    add("Parent in A/0", `feature ${data.parent[0]}, cosine ${data.parent[1].toFixed(2)}`);
    const near = data.nearest.flatMap(([other, cosine]) => [link(other, String(other)), ` (${cosine.toFixed(2)}) `]);
    add("Nearest directions", ...near);
    return box;
  };

  const show = (data) => {
    const parts = [make("h4", `Feature ${data.feature}`), facts(data)];
    if (data.examples.length) {
      parts.push(make("h5", "Activations (0 to the maximum, logarithmic heights)"), histogram(data.histogram));
      const pair = make("div", undefined, { class: "features__pair" });
      pair.append(weights("It raises most", data.top), weights("It lowers most", data.bottom));
      parts.push(pair);
    } else parts.push(make("p", "It was never active on the held-out text."));
    let group = null;
    for (const one of data.examples) {
      if (one.group !== group) parts.push(make("h5", one.group === "top" ? "Strongest" : `At random, ${one.group} of 4 by strength`));
      group = one.group;
      parts.push(example(one));
    }
    detail.replaceChildren(...parts);
    detail.hidden = false;
  };

  const choose = async (feature) => {
    chosen = feature;
    draw();
    const number = Math.floor(feature / index.shard);
    if (!shards.has(number)) shards.set(number, read(`${number}.json`));
    try {
      const shard = await shards.get(number);
      if (chosen !== feature) return; // another was chosen meanwhile
      show(shard[feature % index.shard]);
      history.replaceState(null, "", `#feature-${feature}`);
      detail.focus({ preventScroll: true });
      detail.scrollIntoView({ block: "start" });
    } catch (error) {
      shards.delete(number);
      status.textContent = `The feature could not be loaded: ${error.message}`;
    }
  };

  const start = async () => {
    if (index) return;
    status.textContent = "Loading the table …";
    try {
      index = await read("index.json");
    } catch (error) {
      status.textContent = `The table could not be loaded: ${error.message}`;
      return;
    }
    status.textContent = "";
    context.append(...index.contexts.map((name) => make("option", name, { value: name })));
    for (const control of [search, context, order]) control.addEventListener("input", filter);
    for (const button of list.querySelectorAll(".features__pages button")) {
      button.addEventListener("click", () => { page += Number(button.value); draw(); });
    }
    list.hidden = false;
    filter();
    const asked = location.hash.match(/^#feature-(\d+)$/);
    if (asked && Number(asked[1]) < index.token.length) choose(Number(asked[1]));
  };

  // The table is loaded when the reader comes near it, so that the page itself stays light.
  if (/^#feature-\d+$/.test(location.hash)) start();
  else new IntersectionObserver((entries, observer) => {
    if (entries.some((entry) => entry.isIntersecting)) { observer.disconnect(); start(); }
  }, { rootMargin: "300px" }).observe(root);
})();
