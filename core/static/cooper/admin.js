"use strict";
// says under a field how many of its characters are used, with those of another field's lines where AWS counts both;
// without this script the form says it when saved
for (const area of document.querySelectorAll("textarea[data-limit]")) {
  const limit = Number(area.dataset.limit);
  const other = area.dataset.with ? area.form?.elements.namedItem(area.dataset.with) : null;
  const meter = document.createElement("output");
  const show = () => {
    const lines = other ? other.value.split("\n").map((line) => line.trim()) : [];
    const more = lines.reduce((sum, line) => sum + line.length, 0);
    const used = area.value.trim().length + more;
    meter.textContent = `${used} of ${limit} characters${more ? ", managed policies included" : ""}`;
    meter.className = used > limit ? "meter over" : "meter";
  };
  area.after(meter);
  area.addEventListener("input", show);
  other?.addEventListener("input", show);
  show();
}
// an import that this web session confirmed goes on by itself; without this script its button does it
document.querySelector("form[data-goes-on]")?.submit();
