// What links need in the browser; everything works without it.
"use strict";

// an address pasted behind /go/?url= has a fragment, which no server ever sees
if (location.hash && /[?&]url=https:\/\//.test(location.search)) {
  const pasted = location.search.replace(/^.*?[?&]url=/, "") + location.hash;
  location.replace(`${location.pathname}?url=${encodeURIComponent(pasted)}`);
}

// Enter opens no link: whoever gets somebody to press a key must not open the console with it
for (const form of document.querySelectorAll("form[data-no-enter]")) {
  const hint = form.querySelector("[role=status]");
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.matches("a, summary")) { return; }
    event.preventDefault();
    hint.textContent = "Enter does not open a link. Click the button, or press Space on it.";
  });
}

// as the form stands: with the page and the region that it says
function withLanding(address) {
  const link = new URL(address);
  const form = document.querySelector("form[data-landing]");
  if (!form) { return link.href; }

  const { service, region, destination } = form.elements;
  const typed = destination.value.trim();
  // a link without a region leads to the target's own page by itself
  const isChosen = service.value || region.value;
  const path = typed || (isChosen && service.selectedOptions[0]?.dataset.path);
  if (path) { link.searchParams.set("destination", path); }
  if (region.value) { link.searchParams.set("region", region.value); }
  return link.href;
}

// "Copy link" beside a target copies the whole address
for (const link of document.querySelectorAll("[data-copy-link]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet copy-link";
  button.textContent = "Copy link";
  button.setAttribute("aria-label", `Copy l${link.textContent.slice(1)}`);
  const result = document.createElement("span");
  result.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    const address = withLanding(link.href);
    try {
      await navigator.clipboard.writeText(address);
      result.textContent = `Copied: ${address}`;
    } catch {
      result.textContent = address;
    }
    setTimeout(() => { result.textContent = ""; }, 8000);
  });
  link.replaceWith(button, result);
}
