"use strict";
// says under a field how many of its characters are used; without this script the form says it when saved
for (const area of document.querySelectorAll("textarea[data-limit]")) {
  const limit = Number(area.dataset.limit);
  const meter = document.createElement("output");
  const show = () => {
    meter.textContent = `${area.value.trim().length} of ${limit} characters`;
    meter.className = area.value.trim().length > limit ? "meter over" : "meter";
  };
  area.after(meter);
  area.addEventListener("input", show);
  show();
}
// an import that this web session confirmed goes on by itself; without this script its button does it
document.querySelector("form[data-goes-on]")?.submit();
