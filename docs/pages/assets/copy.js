// Puts a copy button behind every link of a row of downloads: the file goes to the clipboard in place of the disk.
function addCopyButton(link) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "copy";
  button.setAttribute("aria-label", `Copy ${link.textContent}`);
  button.addEventListener("click", async () => {
    const answer = await fetch(link.href);
    const text = answer.ok ? await answer.text() : null;
    if (text !== null) await navigator.clipboard.writeText(text);
    button.textContent = text === null ? `failed (${answer.status})` : "copied ✓";
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  });
  const pair = document.createElement("span");
  link.replaceWith(pair);
  pair.append(link, " ", button);
}

// A browser gives the clipboard to secure pages alone.
if (navigator.clipboard) document.querySelectorAll(".export a[download]").forEach(addCopyButton);
