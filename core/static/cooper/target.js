// A target's page: the button says for how long, and at once that it was pressed.
"use strict";

const form = document.querySelector("form.become");
const opener = form?.querySelector("[data-opens]");

if (opener) {
  const progress = form.querySelector("[data-progress]");
  const duration = form.elements.duration;
  const label = opener.querySelector("[data-label]");
  const forHowLong = opener.querySelector("[data-duration]");
  const restingLabel = label.textContent;

  const showDuration = () => {
    forHowLong.textContent = ` for ${duration.selectedOptions[0].text}`;
  };

  const rest = () => {
    label.textContent = restingLabel;
    forHowLong.hidden = false;
    progress.textContent = "";
    opener.removeAttribute("aria-busy");
    delete form.dataset.sent;
  };

  duration.addEventListener("change", showDuration);
  // browsers keep what was chosen over a reload
  showDuration();

  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.submitter !== opener) { return; }
    label.textContent = "Opening…";
    forHowLong.hidden = true;
    progress.textContent = "Opening the console…";
    // what happens in another tab this page does not learn; here it would have been left by then
    setTimeout(rest, form.target === "_blank" ? 5000 : 10000);
  });

  // Enter alone opens a list of choices
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(opener);
    }
  });
  form.querySelector("[data-keys]").hidden = false;

  // back from the console: from its tab, or by the back button
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") { rest(); }
  });
  addEventListener("focus", rest);
  addEventListener("pageshow", rest);
}
