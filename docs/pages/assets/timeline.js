// The timeline's marks show their paper when pointed at, focused or tapped; arrow keys move between them, as one tab stop.
function setUpTimeline(root) {
  const marks = [...root.querySelectorAll("a.mark")];
  const tip = document.createElement("div");
  tip.className = "timeline__tip";
  tip.setAttribute("aria-hidden", "true"); // the marks' own labels say the same
  tip.hidden = true;
  document.body.append(tip);
  let shown;
  let tapped;

  function show(mark) {
    shown = mark;
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    const place = mark.getBoundingClientRect();
    const left = Math.min(place.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
    const above = place.top - tip.offsetHeight - 4;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above > 60 ? above : place.bottom + 4}px`;
  }

  function hide() {
    shown = undefined;
    tip.hidden = true;
  }

  // The mark that an arrow key leads to: the next one of the row, or the nearest one of the next row that has any.
  function findNext(mark, key) {
    const place = marks.indexOf(mark);
    if (key === "ArrowRight") return marks[place + 1];
    if (key === "ArrowLeft") return marks[place - 1];
    if (key === "Home") return marks[0];
    if (key === "End") return marks.at(-1);
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (!step) return undefined;
    const row = (other) => other.closest("tr").rowIndex;
    const beyond = marks.filter((other) => (row(other) - row(mark)) * step > 0);
    const nearest = Math.min(...beyond.map((other) => Math.abs(row(other) - row(mark))));
    const distance = (other) => Math.abs(other.getBoundingClientRect().left - mark.getBoundingClientRect().left);
    return beyond.filter((other) => Math.abs(row(other) - row(mark)) === nearest).sort((a, b) => distance(a) - distance(b))[0];
  }

  function rove(mark) {
    marks.forEach((other) => (other.tabIndex = other === mark ? 0 : -1));
  }

  root.addEventListener("pointerover", (event) => event.target.matches("a.mark") && show(event.target));
  root.addEventListener("pointerout", hide);
  root.addEventListener("focusin", (event) => {
    if (!event.target.matches("a.mark")) return;
    rove(event.target);
    show(event.target);
  });
  root.addEventListener("focusout", hide);
  for (const scrolled of [root, window]) scrolled.addEventListener("scroll", () => shown && show(shown), { passive: true });
  root.addEventListener("click", (event) => {
    if (!event.target.matches("a.mark") || event.pointerType !== "touch" || tapped === event.target) return;
    event.preventDefault(); // the first tap shows the title, the second one opens the paper
    tapped = event.target;
    show(tapped);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const next = event.target.matches("a.mark") && findNext(event.target, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  rove(marks[0]);
  root.scrollLeft = root.scrollWidth; // where the picture is wider than the screen, the last years come first
}

document.querySelectorAll(".timeline").forEach(setUpTimeline);
