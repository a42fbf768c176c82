// Makes the ledger filterable and sortable. Without JavaScript it is the same table, whole; filters live in the address.
function setUpLedger(root) {
  const form = root.querySelector("form");
  const rows = [...root.querySelectorAll("tbody tr")];
  const body = root.querySelector("tbody");
  const address = new URLSearchParams(location.search);

  function filter() {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
    const fields = Object.entries(wanted).filter(([name, value]) => name !== "words" && value);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !(fields.every(([name, value]) => row.dataset[name] === value) && words.every((word) => text.includes(word)));
      shown += !row.hidden;
    }
    form.querySelector("output").textContent = `${shown} of ${rows.length} rows`;
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value)).toString();
    history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}${location.hash}`);
  }

  function sort(header, column) {
    const descending = header.getAttribute("aria-sort") === "ascending";
    root.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const value = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const numeric = rows.every((row) => value(row) === "" || !Number.isNaN(Number(value(row))));
    const missingLast = (a, b) => (value(a) === "") - (value(b) === "");
    const compare = numeric ? (a, b) => value(a) - value(b) : (a, b) => value(a).localeCompare(value(b));
    body.append(...[...rows].sort((a, b) => missingLast(a, b) || (descending ? compare(b, a) : compare(a, b))));
  }

  root.querySelectorAll("th").forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(header, column));
    header.replaceChildren(button);
  });
  for (const [name, value] of address) if (form.elements[name]) form.elements[name].value = value;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
}

document.querySelectorAll(".ledger").forEach(setUpLedger);
