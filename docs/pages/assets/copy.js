// The copy button behind a download: the file goes to the clipboard in place of the disk.
async function copy(button) {
  const answer = await fetch(button.previousElementSibling.href);
  const text = answer.ok ? await answer.text() : null;
  if (text !== null) await navigator.clipboard.writeText(text);
  button.textContent = text === null ? `failed (${answer.status})` : "copied ✓";
  setTimeout(() => { button.textContent = "copy"; }, 2000);
}

document.querySelectorAll("button.copy").forEach((button) => {
  if (navigator.clipboard) button.addEventListener("click", () => copy(button));
  else button.hidden = true; // a browser gives the clipboard to secure pages alone
});
