// Each name in the list under a field of several lines adds its line; without this script it is typed.
"use strict";

for (const list of document.querySelectorAll("details.suggestions")) {
  const field = document.getElementById(list.dataset.field);
  if (!field) continue;
  for (const code of list.querySelectorAll("li > code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = code.textContent;
    button.addEventListener("click", () => {
      const lines = field.value.split("\n").map((line) => line.trim()).filter(Boolean);
      if (!lines.includes(button.textContent)) lines.push(button.textContent);
      field.value = lines.join("\n");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    code.replaceWith(button);
  }
}
