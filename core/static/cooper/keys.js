// Keys of every page: the search, and a list of the keys; everything works without them.
"use strict";

const KEYS = [
  ["/ or Ctrl-K", "search targets"],
  ["↓ ↑", "go from target to target"],
  ["Enter", "open the console of the target; in the search, of the only one found"],
  ["c", "get credentials of the target"],
  ["o", "open the target's page: region, service, duration, reason"],
  ["s", "star the target, or take the star away"],
  ["l", "copy a link to the target"],
  ["Esc", "end the search"],
  ["?", "show these keys"],
];

function isTyping(element) {
  return element.matches("input, select, textarea, [contenteditable]");
}

function showKeys() {
  let dialog = document.getElementById("keys");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.id = "keys";
    dialog.setAttribute("aria-labelledby", "keys-title");
    const title = document.createElement("h2");
    title.id = "keys-title";
    title.textContent = "Keys";
    const list = document.createElement("dl");
    for (const [key, what] of KEYS) {
      const term = document.createElement("dt");
      const name = document.createElement("kbd");
      name.textContent = key;
      term.append(name);
      const text = document.createElement("dd");
      text.textContent = what;
      list.append(term, text);
    }
    const form = document.createElement("form");
    form.method = "dialog";
    const button = document.createElement("button");
    button.textContent = "Close";
    form.append(button);
    dialog.append(title, list, form);
    document.body.append(dialog);
  }
  dialog.showModal();
}

function goToSearch() {
  const field = document.getElementById("q");
  if (field && field.closest(".search")) {
    field.focus();
    field.select();
  } else {
    const home = document.querySelector(".top .brand");
    location.assign(`${home.getAttribute("href")}#q`);
  }
}

document.addEventListener("keydown", (event) => {
  const isCtrlK = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
  if (isCtrlK && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    goToSearch();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) { return; }
  if (isTyping(event.target) || document.querySelector("dialog[open]")) { return; }
  if (event.key === "/") {
    event.preventDefault();
    goToSearch();
  } else if (event.key === "?") {
    event.preventDefault();
    showKeys();
  }
});
