// Home as one types and by keys; without this, the search is a form and each button a button.
"use strict";

(() => {
const MOST_HITS = 30;
const PAUSE = 120;

const home = document.querySelector(".home");
const field = document.getElementById("q");
if (!home || !field) { return; }

const all = home.querySelector(".all");
const count = document.querySelector(".search .count");
const countBefore = [...count.childNodes];
const hasAll = home.dataset.has === "all";
const total = Number(home.dataset.count);

// below the list, so that nothing moves; emptied after a while
const notice = document.createElement("p");
notice.className = "notice";
notice.setAttribute("role", "status");
home.append(notice);
let noticeEnd = 0;

function notify(text) {
  notice.textContent = text;
  clearTimeout(noticeEnd);
  noticeEnd = setTimeout(() => { notice.textContent = ""; }, 8000);
}

// what is on the page only because it came with the address opens nothing
let hasActed = false;
let entries = null;
let shownQuery = null;

// -- what is the person's own, in the list that everybody of equal groups gets ----------------------
function paintStar(button, isStarred) {
  button.name = isStarred ? "unstar" : "star";
  button.textContent = isStarred ? "★" : "☆";
  const what = button.dataset.what;
  button.setAttribute("aria-label", isStarred ? `Take the star of ${what} away` : `Star ${what}`);
}

// of no form: with each button of one, browsers look through the whole page for all the others
function starOf(key, what, isStarred) {
  const button = document.createElement("button");
  button.className = "star";
  button.type = "button";
  button.value = key;
  button.dataset.what = what;
  paintStar(button, isStarred);
  return button;
}

// as everywhere: 24 hours, with the zone
const clockTime = new Intl.DateTimeFormat("sv-SE", {
  hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});

function untilText(moment) {
  const until = document.createElement("span");
  until.className = "until";
  until.textContent = `open until ${clockTime.format(new Date(moment))}`;
  return until;
}

function label(row) {
  const title = row.querySelector(".name a").textContent;
  for (const button of row.querySelectorAll(".ways > *")) {
    button.setAttribute("aria-label", `${button.textContent}: ${title}`);
  }
}

function paintRow(row, own) {
  if (own?.dataset.landing) {
    const landing = document.createElement("span");
    landing.textContent = own.dataset.landing;
    row.querySelector(".about").prepend(landing, " ");
  }
  if (own?.dataset.until) { row.querySelector(".about").prepend(untilText(own.dataset.until), " "); }
  const button = row.querySelector('[form="become"]');
  if (own && button) {
    button.textContent = `Console · ${own.textContent}`;
    for (const way of row.querySelectorAll('[name="duration"]')) { way.value = own.dataset.seconds; }
  }
  label(row);
}

const marks = home.querySelector(".own template")?.content.children ?? [];
const ownByName = new Map([...marks].map((mark) => [mark.dataset.name, mark]));

function completeRow(row) {
  const name = nameOf(row);
  const own = ownByName.get(name);
  const title = row.querySelector(".name a").textContent;
  row.prepend(starOf(`target:${name}`, title, own?.dataset.starred !== undefined));
  paintRow(row, own);
}

for (const row of all.querySelectorAll("li.target")) { completeRow(row); }
for (const row of home.querySelectorAll(".own li.target")) {
  const button = row.querySelector(".star");
  button.dataset.what = row.querySelector(".name a").textContent;
  paintStar(button, button.name === "unstar");
  const time = row.querySelector(".until time");
  if (time) { time.parentElement.replaceWith(untilText(time.dateTime)); }
  label(row);
}
const starredAccounts = (home.querySelector(".own")?.dataset.accounts ?? "").split(" ");
for (const section of all.querySelectorAll(".account")) {
  const button = section.querySelector(":scope > .star");
  button.dataset.what = section.querySelector("h2").textContent;
  paintStar(button, starredAccounts.includes(section.dataset.account));
}

async function send(form, name, value) {
  const body = new FormData(form);
  body.delete("next");
  body.append(name, value);
  const headers = { accept: "application/json" };
  const response = await fetch(form.action, { method: "POST", body, headers, keepalive: true });
  // signed out meanwhile, say: the form itself leads where it is said
  if (!response.ok || response.redirected) { throw new Error(response.status); }
}

function submit(form, name, value) {
  const button = document.createElement("button");
  button.hidden = true;
  button.name = name;
  button.value = value;
  form.append(button);
  form.requestSubmit(button);
}

home.addEventListener("click", async (event) => {
  const button = event.target.closest(".star");
  if (!button) { return; }
  event.preventDefault();
  const form = document.getElementById("star");
  const isStarred = button.name === "star";
  const same = home.querySelectorAll(`.star[value="${CSS.escape(button.value)}"]`);
  const before = button.name;
  for (const one of same) { paintStar(one, isStarred); }
  const place = isStarred ? "has a star: on top from your next visit." : "has no star any more.";
  notify(`${button.dataset.what} ${place}`);
  try {
    await send(form, before, button.value);
  } catch {
    submit(form, before, button.value);
  }
});

home.addEventListener("click", (event) => {
  const summary = event.target.closest(".account summary");
  if (!summary) { return; }
  const change = summary.parentElement.open ? "fold" : "unfold";
  const key = `aws-account:${summary.closest(".account").dataset.account}`;
  // it folds anyway; that it is kept is a comfort
  send(document.getElementById("fold"), change, key).catch(() => {});
});

// -- what is open, also when it was opened from here -----------------------------------------------
const OPEN_CHECKS = [3000, 8000];
const opening = new Set();

function paintUntil(moments) {
  for (const row of home.querySelectorAll("li.target")) {
    const moment = moments[nameOf(row)];
    if (!moment) { continue; }
    const until = untilText(moment);
    const before = row.querySelector(".until");
    if (before) { before.replaceWith(until); } else { row.querySelector(".about").prepend(until, " "); }
  }
}

// by the audit log: what was not given is not open, whatever was pressed
async function showWhatIsOpen() {
  if (!opening.size) { return; }
  const response = await fetch(home.dataset.home, { headers: { accept: "application/json" } });
  if (!response.ok || response.redirected) { return; }
  const { open_until: moments } = await response.json();
  paintUntil(moments);
  for (const name of Object.keys(moments)) { opening.delete(name); }
}

const tryToShow = () => showWhatIsOpen().catch(() => {});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  const row = button?.closest("li.target");
  if (!row || event.defaultPrevented || !button.formAction.endsWith("/console/")) { return; }
  if ((button.formTarget || event.target.target) !== "_blank") { return; }
  opening.add(nameOf(row));
  // mostly while the new tab is looked at
  for (const wait of OPEN_CHECKS) { setTimeout(tryToShow, wait); }
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") { tryToShow(); }
});

// -- links to targets -----------------------------------------------------------------------------
async function copyLink(row) {
  const path = `${home.dataset.go}${encodeURIComponent(nameOf(row))}/`;
  const link = new URL(path, location).href;
  try {
    await navigator.clipboard.writeText(link);
    notify(`Copied: ${link}`);
  } catch {
    notify(link);
  }
}

// one button for all rows, in the one that is pointed at
const copyButton = document.createElement("button");
copyButton.type = "button";
copyButton.className = "copy";
copyButton.textContent = "Copy link";
copyButton.addEventListener("click", () => copyLink(copyButton.closest("li.target")));

function offerLink(event) {
  const row = event.target.closest("li.target");
  if (!row || row.contains(copyButton) || copyButton === document.activeElement) { return; }
  copyButton.setAttribute("aria-label", `Copy link: ${row.querySelector(".name a").textContent}`);
  row.querySelector(".ways").append(copyButton);
}

home.addEventListener("pointerover", offerLink);
home.addEventListener("focusin", offerLink);

// what is cut shows itself whole
home.addEventListener("pointerover", (event) => {
  const cell = event.target.closest(".target > div");
  if (cell && cell.scrollWidth > cell.clientWidth) { cell.title = cell.textContent; }
});

// -- what is searched -----------------------------------------------------------------------------
const searchForms = [
  new uFuzzy(),
  new uFuzzy({ intraMode: 1 }),
  // letters left out, and dashes
  new uFuzzy({ intraIns: 5, intraChars: "[a-z\\d-]" }),
];

function nameOf(row) {
  return decodeURIComponent(row.querySelector(".name a").pathname.split("/").at(-2));
}

function entryOf(row, account, accountId, often) {
  const link = row.querySelector(".name a");
  const name = nameOf(row);
  const labels = [...row.querySelectorAll(".label")].map((label) => label.textContent);
  const parts = [name, link.textContent, account, accountId, row.dataset.role ?? "", ...labels];
  return {
    row, account, name, labels: labels.map((label) => label.toLowerCase()),
    text: parts.join(" "), isOften: often.has(name),
  };
}

function readEntries() {
  const own = home.querySelectorAll(".own li.target");
  const often = new Set([...own].map(nameOf));
  const result = [];
  for (const section of all.querySelectorAll(".account")) {
    const account = section.querySelector("h2").textContent;
    for (const row of section.querySelectorAll("li.target")) {
      result.push(entryOf(row, account, section.dataset.account, often));
    }
  }
  return { list: result, texts: result.map((entry) => entry.text) };
}

// -- searching ------------------------------------------------------------------------------------
function plainNeedle(text) {
  const arn = /arn:[\w-]+:(?:iam|sts)::(\d{12}):(?:role|assumed-role|federated-user)\/(\S+)/.exec(text);
  if (arn) { return `${arn[1]} ${arn[2]}`; }
  // the number of an AWS account, or a part of it, with dashes
  return text.replace(/(?<!\S)[\d-]*\d-[\d-]*(?!\S)/g, (number) => number.replaceAll("-", ""));
}

function rowsWith(texts, words) {
  const rows = [];
  texts.forEach((text, place) => {
    const lower = text.toLowerCase();
    if (words.every((word) => lower.includes(word))) { rows.push(place); }
  });
  return rows;
}

function placesOf(texts, needle) {
  const words = needle.toLowerCase().split(/\s+/).filter(Boolean);
  // the matcher knows letters of ASCII alone
  if (/[^\x00-\x7f]/.test(needle)) { return rowsWith(texts, words); }
  for (const form of searchForms) {
    const [places, info, order] = form.search(texts, needle, 1);
    if (places?.length) { return order ? order.map((place) => info.idx[place]) : places; }
  }
  return rowsWith(texts, words);
}

// the matcher's own order decides between equals
function rankOf(entry, needle, words) {
  if (entry.name === needle) { return 0; }
  const text = entry.text.toLowerCase();
  const hasWords = words.every((word) => text.includes(word));
  return 1 + (hasWords ? 0 : 2) + (entry.isOften ? 0 : 1);
}

function find(query) {
  const words = query.trim().split(/\s+/).filter(Boolean);
  const labels = words.filter((word) => /^label:./i.test(word)).map((word) => word.slice(6).toLowerCase());
  const needle = plainNeedle(words.filter((word) => !/^label:./i.test(word)).join(" "));

  let entriesLeft = entries.list;
  let texts = entries.texts;
  if (labels.length) {
    entriesLeft = entriesLeft.filter((entry) => labels.every((label) => entry.labels.includes(label)));
    texts = entriesLeft.map((entry) => entry.text);
  }
  if (!needle) { return entriesLeft; }

  const hits = placesOf(texts, needle).map((place) => entriesLeft[place]);
  const needleWords = needle.toLowerCase().split(/\s+/);
  const ranks = new Map(hits.map((entry) => [entry, rankOf(entry, needle, needleWords)]));
  return hits.sort((one, other) => ranks.get(one) - ranks.get(other));
}

// -- showing --------------------------------------------------------------------------------------
const hitForm = document.getElementById("hits");
const hitList = hitForm.querySelector("ul");

// the form around them instead of one elsewhere, for which browsers look through the whole page
function intoHitForm(button) {
  const form = document.getElementById(button.getAttribute("form"));
  button.removeAttribute("form");
  if (form.target) { button.formTarget = form.target; }
}

function hitRow(row, account) {
  const copy = row.cloneNode(true);
  copy.querySelector(".copy")?.remove();
  for (const element of copy.querySelectorAll("[id]")) { element.removeAttribute("id"); }
  for (const button of copy.querySelectorAll(".ways [form]")) { intoHitForm(button); }
  if (account) {
    const name = document.createElement("span");
    name.className = "of";
    name.textContent = account;
    copy.querySelector(".name a").after(" ", name);
  }
  return copy;
}

function whatKeysDo(number, only) {
  if (number === 0) { return " Esc shows all of them."; }
  if (!only) { return ""; }
  const button = wayInto(only);
  if (button.matches("button")) { return ` Enter opens it: ${button.textContent.trim()}. ↓ and o: its page.`; }
  return " Enter opens its page.";
}

function show(hits, number, query) {
  hitList.replaceChildren(...hits.slice(0, MOST_HITS).map((hit) => hitRow(hit.row, hit.account)));
  home.classList.add("searching");
  hitForm.hidden = false;
  const more = number > MOST_HITS ? ` The best ${MOST_HITS} are shown.` : "";
  shownQuery = query;
  const only = onlyHit();
  if (only) { only.classList.add("marked"); }
  count.textContent = `${number} of ${total} match.${more}${whatKeysDo(number, only)}`;
}

function showAll() {
  home.classList.remove("searching");
  hitForm.hidden = true;
  hitList.replaceChildren();
  count.replaceChildren(...countBefore);
  shownQuery = null;
}

function onlyHit() {
  const rows = hitList.children;
  const query = field.value.trim();
  if (shownQuery !== field.value || !rows.length) { return null; }
  if (rows.length === 1 || nameOf(rows[0]) === query) { return rows[0]; }
  return null;
}

// -- where the page has not all: the server searches -----------------------------------------------
let waiting = 0;
let newest = 0;

async function askServer(query) {
  const number = ++newest;
  const response = await fetch(`${home.dataset.home}?${new URLSearchParams({ q: query })}`);
  const text = await response.text();
  if (number !== newest || field.value !== query || !response.ok) { return; }

  const page = new DOMParser().parseFromString(text, "text/html");
  const hits = [];
  for (const section of page.querySelectorAll(".account[data-account]")) {
    const account = section.querySelector("h2").textContent;
    for (const row of section.querySelectorAll("li.target")) {
      completeRow(row);
      hits.push({ row, account });
    }
  }
  show(hits, Number(page.querySelector(".home")?.dataset.matches ?? hits.length), query);
}

function search() {
  const query = field.value;
  clearTimeout(waiting);
  if (hasAll && !query.trim()) { showAll(); return; }
  if (!hasAll) {
    waiting = setTimeout(() => askServer(query), PAUSE);
    return;
  }
  entries ??= readEntries();
  const hits = find(query);
  show(hits, hits.length, query);
}

field.addEventListener("input", () => { hasActed = true; search(); });
if (hasAll) {
  const whenIdle = window.requestIdleCallback ?? setTimeout;
  whenIdle(() => { entries ??= readEntries(); });
}

home.addEventListener("click", (event) => {
  const label = event.target.closest("a.label");
  if (!label || !hasAll || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
  event.preventDefault();
  const word = `label:${label.textContent}`;
  const words = field.value.split(/\s+/).filter(Boolean);
  field.value = words.includes(word) ? field.value : [...words, word].join(" ");
  hasActed = true;
  search();
  field.focus();
});

// what the list beside it leads to is there without a search alone, and unfolded
home.addEventListener("click", (event) => {
  const jump = event.target.closest('.jump a[href^="#"]');
  if (!jump) { return; }
  home.querySelector(`${jump.hash} details`).open = true;
  if (!home.classList.contains("searching")) { return; }
  newest += 1;
  clearTimeout(waiting);
  field.value = field.defaultValue;
  showAll();
});

// -- keys -----------------------------------------------------------------------------------------
function rowsShown() {
  const isSearching = home.classList.contains("searching");
  const rows = isSearching ? hitList.children : home.querySelectorAll("li.target");
  return [...rows].filter((row) => !row.closest("details:not([open])"));
}

function wayInto(row) {
  return row.querySelector(".ways .primary:not([disabled])") ?? row.querySelector(".name a");
}

function focusRow(row) {
  wayInto(row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

field.addEventListener("keydown", (event) => {
  if (event.isComposing) { return; }
  if (event.key === "ArrowDown") {
    event.preventDefault();
    hasActed = true;
    const [first] = rowsShown();
    if (first) { focusRow(first); }
  } else if (event.key === "Escape" && field.value) {
    event.preventDefault();
    field.value = "";
    search();
  } else if (event.key === "Enter" && hasActed && shownQuery === field.value) {
    event.preventDefault();
    if (event.repeat) { return; }
    const only = onlyHit();
    const [first] = rowsShown();
    if (only) { wayInto(only).click(); } else if (first) { focusRow(first); }
  }
});

function step(row, by) {
  const rows = rowsShown();
  const next = rows[rows.indexOf(row) + by];
  if (next) { focusRow(next); } else if (by < 0) { field.focus(); }
}

home.addEventListener("keydown", (event) => {
  const row = event.target.closest("li.target");
  if (!row || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) { return; }
  const actions = {
    ArrowDown: () => step(row, 1),
    ArrowUp: () => step(row, -1),
    c: () => (row.querySelector('[formaction$="/credentials/"]') ?? row.querySelector(".name a")).click(),
    o: () => row.querySelector(".name a").click(),
    s: () => row.querySelector(".star")?.click(),
    l: () => copyLink(row),
    Escape: () => field.focus(),
  };
  const action = actions[event.key];
  if (!action || (event.repeat && !event.key.startsWith("Arrow"))) { return; }
  event.preventDefault();
  action();
});

if (location.hash === "#q") {
  field.focus();
  history.replaceState(null, "", location.pathname + location.search);
}
})();
