// Small comforts of every page, portal and admin; everything works without them.
"use strict";

// a moment in UTC gets the person's local time beside it
const UTC_MOMENT = /\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC/;
const TO_BE_COPIED = "pre, code, textarea, select, script, style, title";
const twoDigits = "2-digit";
const localTime = new Intl.DateTimeFormat("sv-SE", {
  year: "numeric", month: twoDigits, day: twoDigits, hour: twoDigits, minute: twoDigits,
});
const zone = new Intl.DateTimeFormat("en", { timeZoneName: "short" });

function inLocalTime(moment) {
  const name = zone.formatToParts(moment).find((part) => part.type === "timeZoneName").value;
  return `${localTime.format(moment)} ${name}`;
}

function momentTexts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (UTC_MOMENT.test(text.data) && !text.parentElement.closest(TO_BE_COPIED)) { texts.push(text); }
  }
  return texts;
}

function addLocalTimes(text) {
  const match = UTC_MOMENT.exec(text.data);
  if (!match) { return; }
  const rest = text.splitText(match.index + match[0].length);
  const moment = new Date(match[0].replace(" ", "T").replace(" UTC", "Z"));
  if (moment.getTimezoneOffset() !== 0) {
    const local = document.createElement("span");
    local.className = "local-time";
    local.textContent = ` (${inLocalTime(moment)})`;
    rest.before(local);
  }
  addLocalTimes(rest);
}

for (const text of momentTexts()) { addLocalTimes(text); }

// the end of the web session is announced shortly before, politely
const sessionEnd = document.querySelector("[data-session-end]");
if (sessionEnd) {
  const end = new Date(sessionEnd.dataset.sessionEnd).valueOf();
  const warning = sessionEnd.querySelector(".session-warning");
  const announce = (seconds, text) => {
    const wait = end - Date.now() - seconds * 1000;
    if (wait > 0) { setTimeout(() => { warning.textContent = text; }, wait); }
  };
  announce(300, "Your web session ends in 5 minutes. Open or send a page to stay signed in.");
  announce(60, "Your web session ends in 1 minute. Open or send a page to stay signed in.");
  announce(0, "Your web session has ended. A form that you send is kept while you sign in again.");
}
