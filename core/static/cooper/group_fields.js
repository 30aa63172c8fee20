// Where there are more groups than a page suggests, those that fit what is typed are asked for.
"use strict";

const knownGroups = document.querySelector("datalist[data-address]");
let newestSearch = 0;

async function suggestGroups(part) {
  const search = ++newestSearch;
  const response = await fetch(`${knownGroups.dataset.address}?q=${encodeURIComponent(part)}`);
  // what was typed since then has an answer of its own
  if (!response.ok || search !== newestSearch) return;
  const { groups } = await response.json();
  knownGroups.replaceChildren(...groups.map((group) => new Option(group, group)));
}

let pause;
document.addEventListener("input", ({ target }) => {
  if (target.list !== knownGroups || target.value.length < 2) return;
  clearTimeout(pause);
  pause = setTimeout(() => suggestGroups(target.value).catch(() => {}), 150);
});
