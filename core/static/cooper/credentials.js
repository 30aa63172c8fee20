// Credentials: tabs, copying, a countdown. Without this file a select changes formats.
"use strict";

function begin() {
  for (const formats of document.querySelectorAll("[data-formats]")) {
    makeTabs(formats);
    makeCopyButtons(formats);
  }
  for (const end of document.querySelectorAll("[data-ends]")) { countDown(end); }

  // reloading leads to the page before, rather than to the question whether to send a form again
  const page = document.querySelector("[data-credentials]");
  if (page) { history.replaceState(null, "", page.dataset.credentials); }
}

// -- tabs: https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ (selection follows focus)
function makeTabs(formats) {
  const select = formats.querySelector("select");
  const list = document.createElement("div");
  list.className = "tabs";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Format");

  // in the order of the select: of several targets, the format to begin with comes first
  const panels = [...select.options].flatMap((option) => {
    return [...formats.querySelectorAll(`[data-format="${option.value}"]`)];
  });
  const tabs = panels.map((panel) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `tab-${panel.dataset.format}`;
    tab.textContent = panel.querySelector("h2").textContent;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    list.append(tab);
    return { tab, panel };
  });

  const choose = (chosen) => {
    for (const { tab, panel } of tabs) {
      const isChosen = panel.dataset.format === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      panel.hidden = !isChosen;
    }
    select.value = chosen;
  };

  const remember = formats.dataset.remember ? rememberer(formats, select) : () => {};
  list.addEventListener("click", (event) => {
    const place = tabs.findIndex(({ tab }) => tab === event.target);
    if (place < 0) { return; }
    choose(tabs[place].panel.dataset.format);
    remember();
  });
  list.addEventListener("keydown", (event) => {
    const place = tabs.findIndex(({ tab }) => tab === document.activeElement);
    const last = tabs.length - 1;
    const next = {
      ArrowRight: place === last ? 0 : place + 1,
      ArrowLeft: place === 0 ? last : place - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (place < 0 || next === undefined) { return; }
    event.preventDefault();
    choose(tabs[next].panel.dataset.format);
    tabs[next].tab.focus();
    remember();
  });

  formats.classList.add("tabbed");
  formats.prepend(list);
  choose(select.value);
}

// the format's id alone goes to cooper, once somebody has stayed with it
function rememberer(formats, select) {
  let timer = 0;
  let remembered = select.value;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (select.value === remembered) { return; }
      remembered = select.value;
      const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
      fetch(formats.dataset.remember, {
        method: "POST",
        headers: { "X-CSRFToken": token },
        body: new URLSearchParams({ format: remembered }),
        keepalive: true,
      }).catch(() => {});
    }, 700);
  };
}

// -- copying, hidden or not
function makeCopyButtons(formats) {
  const status = formats.querySelector(".announced");
  for (const code of formats.querySelectorAll("[data-copied]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy primary";
    button.textContent = "Copy";
    button.id = `copy-${code.dataset.copied}`;
    button.setAttribute("aria-labelledby", `${button.id} ${code.dataset.copied}`);
    button.addEventListener("click", () => copy(code, status));
    const block = code.closest("pre") ?? code;
    block.after(button);
  }
}

async function copy(code, status) {
  status.textContent = "";
  try {
    await navigator.clipboard.writeText(code.textContent);
    status.textContent = "Copied";
  } catch {
    // the browser lets no script write to the clipboard: shown and selected, for the person to copy
    document.getElementById("show-secrets").checked = true;
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    status.textContent = "Selected: press Ctrl+C";
  }
}

// -- the countdown: read out when five minutes are left and at the end, never in between
const FIVE_MINUTES = 300;

function inWords(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours) { return `${hours} h ${minutes} min left`; }
  return minutes ? `${minutes} min ${seconds % 60} s left` : `${seconds} s left`;
}

function countDown(end) {
  const moment = new Date(end.dataset.ends).valueOf();
  const status = document.querySelector(".announced");
  let before = Infinity;
  const show = () => {
    const seconds = Math.max(0, Math.floor((moment - Date.now()) / 1000));
    end.textContent = seconds ? inWords(seconds) : "ended: get fresh ones";
    end.className = seconds === 0 ? "over" : seconds <= FIVE_MINUTES ? "soon" : "";
    if (before > FIVE_MINUTES && seconds <= FIVE_MINUTES && before !== Infinity) {
      status.textContent = "These credentials end in 5 minutes.";
    }
    if (before > 0 && seconds === 0) { status.textContent = "These credentials have ended."; }
    before = seconds;
    if (!seconds) { clearInterval(timer); }
  };
  const timer = setInterval(show, 1000);
  show();
}

// -- going away and coming back: no page that a browser kept shows them again
addEventListener("pagehide", () => {
  for (const text of document.querySelectorAll(".secret")) { text.textContent = ""; }
});
addEventListener("pageshow", (event) => {
  const page = document.querySelector("[data-credentials]");
  if (event.persisted && page) { location.replace(page.dataset.credentials); }
});

// -- several grants: how many there are by now, while the page still comes
function showProgress() {
  const place = document.querySelector("[data-progress]");
  if (!place) { return; }
  const count = document.querySelectorAll(".profile").length;
  place.textContent = `${count} of ${place.dataset.progress} done.`;
}

const whileLoading = setInterval(showProgress, 500);
document.addEventListener("DOMContentLoaded", () => {
  clearInterval(whileLoading);
  showProgress();
});

if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", begin);
} else {
  begin();
}
