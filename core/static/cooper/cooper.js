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
for (const form of document.querySelectorAll("form[data-wait]")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter ?? form;
    const sent = form.dataset.wait === "button" ? button : form;
    if (sent.dataset.sent) { event.preventDefault(); return; }
    sent.dataset.sent = "1";
    button.setAttribute("aria-busy", "true");
    setTimeout(() => { delete sent.dataset.sent; }, 10000);
  });
}

// coming back from the console by the back button finds living forms
addEventListener("pageshow", () => {
  for (const sent of document.querySelectorAll("[data-sent]")) { delete sent.dataset.sent; }
});
