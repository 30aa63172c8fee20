// Small comforts; everything works without them.
"use strict";

// copy buttons beside each block of credentials
for (const block of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-describedby", block.dataset.copy);
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  said.className = "number";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.textContent);
      said.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(block);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      said.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { said.textContent = ""; }, 4000);
  });
  const place = document.getElementById(block.dataset.copy).parentElement;
  place.append(said, button);
}

// a form that is under way says so, and is not sent twice; of a form for many cards, no button is
const underWay = new Set();

function rest(way) {
  way.button.removeAttribute("aria-busy");
  delete way.sent.dataset.sent;
  underWay.delete(way);
}

for (const form of document.querySelectorAll("form[data-wait]")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter ?? form;
    const sent = form.dataset.wait === "button" ? button : form;
    if (sent.dataset.sent) { event.preventDefault(); return; }
    sent.dataset.sent = "1";
    button.setAttribute("aria-busy", "true");
    const target = button.formTarget || form.target;
    const way = { button, sent, isInNewTab: target === "_blank" };
    underWay.add(way);
    // what happens in another tab this page does not learn; here it would have been left by then
    setTimeout(() => rest(way), way.isInNewTab ? 5000 : 10000);
  });
}

// back from the console, from its tab or by the back button, one finds living forms
function restNewTabs() {
  for (const way of underWay) { if (way.isInNewTab) { rest(way); } }
}
addEventListener("focus", restNewTabs);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") { restNewTabs(); }
});
addEventListener("pageshow", () => { for (const way of underWay) { rest(way); } });
