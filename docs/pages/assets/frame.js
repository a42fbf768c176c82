// What surrounds every page: switching the theme, the drawer of a narrow window, the list of headings, copying code.
// It takes the place of the theme's own bundle, which is a hundred kilobytes and restyles the page several times as it starts.
const CODE = ".highlight pre > code";

function setUpThemeSwitch(button) {
  const isDark = () => document.body.dataset.mdColorScheme === "slate";
  const label = () => { button.title = `Switch to the ${isDark() ? "light" : "dark"} theme`; };
  button.addEventListener("click", () => {
    const scheme = isDark() ? "default" : "slate";
    document.body.dataset.mdColorScheme = scheme;
    __md_set("__palette", { color: { scheme } }); // the theme's inline script applies it to the next page
    label();
  });
  label();
}

// The drawer opens without any script by its checkbox; with one, by a button, so that it can be had by keyboard.
function setUpDrawer(toggle, button) {
  const open = (wanted) => {
    toggle.checked = wanted;
    toggle.dispatchEvent(new Event("change"));
  };
  toggle.addEventListener("change", () => button.setAttribute("aria-expanded", toggle.checked));
  button.addEventListener("click", () => open(!toggle.checked));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && toggle.checked) {
      open(false);
      button.focus();
    }
    if (event.key === "Enter" && event.target.matches(".md-nav label")) event.target.click();
  });
  document.querySelectorAll(".md-nav label[for]").forEach((label) => { label.tabIndex = 0; });
  document.querySelector(".md-sidebar--primary").addEventListener("click", (event) => {
    if (event.target.closest("a")) open(false); // it may lead to a heading of this page
  });
}

// Marks the heading that is being read in the list at the side, and offers the way back to the top to who scrolls up.
function followScrolling(list, top) {
  const links = [...(list?.querySelectorAll("a[href^='#']") ?? [])];
  const headings = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  let before = 0;
  let waiting = false;

  function follow() {
    waiting = false;
    const passed = headings.filter((heading) => heading && heading.getBoundingClientRect().top < 120);
    const current = links[headings.indexOf(passed.at(-1))];
    links.forEach((link) => link.classList.toggle("md-nav__link--active", link === current));
    if (current) {
      const box = list.closest(".md-sidebar__scrollwrap");
      box.scrollTop = current.offsetTop - box.clientHeight / 2;
    }
    if (top && scrollY !== before) top.hidden = scrollY > before || scrollY < 400;
    before = scrollY;
  }

  addEventListener("scroll", () => {
    if (!waiting) requestAnimationFrame(follow);
    waiting = true;
  }, { passive: true });
  top?.addEventListener("click", () => scrollTo(0, 0));
}

// A button on every block of code, and a word when it has been copied. Numbers of lines are not copied.
function setUpCopying(message) {
  message.setAttribute("role", "status");

  async function copy(code) {
    const text = code.cloneNode(true);
    text.querySelectorAll(".linenos").forEach((number) => number.remove());
    await navigator.clipboard.writeText(text.textContent);
    message.firstElementChild.textContent = "Copied to clipboard";
    message.classList.add("md-dialog--active");
    setTimeout(() => message.classList.remove("md-dialog--active"), 2000);
  }

  document.querySelectorAll(CODE).forEach((code) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "md-code__button";
    button.title = "Copy to clipboard";
    button.dataset.mdType = "copy";
    button.addEventListener("click", () => copy(code));
    const place = document.createElement("div");
    place.className = "md-code__nav";
    place.append(button);
    code.before(place);
  });
}

setUpThemeSwitch(document.querySelector(".theme-switch"));
setUpDrawer(document.getElementById("__drawer"), document.querySelector(".drawer-switch"));
followScrolling(document.querySelector(".md-sidebar--secondary .md-nav__list"), document.querySelector(".md-top"));
if (navigator.clipboard) setUpCopying(document.querySelector(".md-dialog")); // a browser gives it to secure pages alone

// Code that is wider than its box is scrolled by keyboard too.
const watcher = new ResizeObserver((entries) => entries.forEach(({ target }) => {
  if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
  else target.removeAttribute("tabindex");
}));
document.querySelectorAll(CODE).forEach((code) => watcher.observe(code));

// On paper nothing is folded away.
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  unfolded.forEach((details) => { details.open = true; });
});
addEventListener("afterprint", () => unfolded.forEach((details) => { details.open = false; }));
