// Ticking several targets: how many are ticked, a filter, and all that it shows at once.
"use strict";

const form = document.querySelector("[data-tick-form]");
const ticks = [...form.querySelectorAll(".tick")];
const ticked = form.querySelector("[data-ticked]");

function count() {
  const number = form.querySelectorAll("[name=target]:checked").length;
  ticked.textContent = number ? `\u00a0for ${number}` : "";
}

function show(words) {
  for (const tick of ticks) {
    const text = `${tick.textContent} ${tick.parentElement.firstElementChild.textContent}`.toLowerCase();
    tick.hidden = !words.every((word) => text.includes(word));
  }
  for (const account of form.querySelectorAll(".ticks")) {
    account.hidden = !account.querySelector(".tick:not([hidden])");
  }
}

const tools = document.createElement("div");
tools.className = "tick-tools";
tools.innerHTML = '<div><label for="tick-filter">Show only</label><input id="tick-filter" type="search" autocomplete="off"></div><button type="button">Tick all shown</button><button type="button">Tick none</button>';
const place = form.querySelector("[data-before-ticks]");
place.after(tools);
// what cooper filters with where no script does
if (place.hasAttribute("data-without-script")) { place.remove(); }

const [all, none] = tools.querySelectorAll("button");
const filter = tools.querySelector("input");
filter.addEventListener("input", () => show(filter.value.toLowerCase().split(/\s+/)));
filter.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); } });
all.addEventListener("click", () => {
  for (const box of form.querySelectorAll(".tick:not([hidden]) [name=target]:enabled")) { box.checked = true; }
  count();
});
none.addEventListener("click", () => {
  for (const box of form.querySelectorAll("[name=target]")) { box.checked = false; }
  count();
});
form.addEventListener("change", count);
addEventListener("pageshow", count);
