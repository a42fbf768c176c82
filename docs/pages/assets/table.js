// Makes a table filterable and sortable. Without JavaScript it is the same table, whole. The state lives in the address:
// ?<filter>=<value>&sort=<column> or &sort=-<column>, so that what one sees can be shared and bookmarked.
function setUpTable(root) {
  const form = root.querySelector("form");
  const body = root.querySelector("tbody");
  const rows = [...body.rows];
  const texts = rows.map((row) => `${row.textContent} ${row.dataset.words ?? ""}`.toLowerCase());
  const headers = [...root.querySelectorAll("thead th")];
  const columns = headers.map((header) => header.dataset.column ?? header.textContent.trim().toLowerCase());
  const value = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();

  // A field asks for one of the row's values; `data-bound` makes it the lowest or highest value of another field.
  function fits(row, field) {
    if (field.dataset.bound === "lowest") return Number(row.dataset[field.dataset.of]) >= Number(field.value);
    if (field.dataset.bound === "highest") return Number(row.dataset[field.dataset.of]) <= Number(field.value);
    return (row.dataset[field.name] ?? "").split("|").includes(field.value);
  }

  function filter() {
    const fields = [...form.elements].filter((field) => field.name && field.name !== "words" && field.value);
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, number) => {
      row.hidden = !(fields.every((field) => fits(row, field)) && words.every((word) => texts[number].includes(word)));
    });
    const shown = rows.filter((row) => !row.hidden).length;
    form.querySelector("output").textContent = `${shown} of ${rows.length} rows`;
    remember();
  }

  function sort(column, descending) {
    headers.forEach((other) => other.removeAttribute("aria-sort"));
    headers[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
    const numeric = rows.every((row) => value(row, column) === "" || !Number.isNaN(Number(value(row, column))));
    const missingLast = (a, b) => (value(a, column) === "") - (value(b, column) === "");
    const compare = (a, b) => (numeric ? value(a, column) - value(b, column) : value(a, column).localeCompare(value(b, column)));
    body.append(...[...rows].sort((a, b) => missingLast(a, b) || (descending ? compare(b, a) : compare(a, b))));
    remember();
  }

  function remember() {
    const state = new URLSearchParams([...new FormData(form)].filter(([, wanted]) => wanted));
    const column = headers.findIndex((header) => header.hasAttribute("aria-sort"));
    if (column >= 0) state.set("sort", (headers[column].ariaSort === "descending" ? "-" : "") + columns[column]);
    const query = state.toString();
    history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}${location.hash}`);
  }

  function restore() {
    const address = new URLSearchParams(location.search);
    for (const [name, wanted] of address) if (form.elements[name]) form.elements[name].value = wanted;
    const order = address.get("sort") ?? "";
    const column = columns.indexOf(order.replace(/^-/, ""));
    if (column >= 0) sort(column, order.startsWith("-"));
  }

  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(column, header.ariaSort === "ascending"));
    header.replaceChildren(button);
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  restore();
  filter();
}

document.querySelectorAll(".filtered").forEach(setUpTable);
