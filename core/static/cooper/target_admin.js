// A button beside each text that is there to be pasted; without this script it is selected by hand.
"use strict";

for (const text of document.querySelectorAll("pre[data-copied]")) {
  const row = document.createElement("p");
  row.className = "copy-row";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = `Copy ${text.dataset.copied}`;
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      status.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      status.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { status.textContent = ""; }, 4000);
  });
  row.append(button, " ", status);
  text.before(row);
}
