// Choosing a night opens it at once, / goes to the search, a page left open says when a newer night is there, and one
// that waits for a preview shows it.
"use strict";
const night = document.getElementById("night");
night?.addEventListener("change", () => night.form.submit());
document.addEventListener("keydown", (event) => {
  const field = document.querySelector("form.search input[type=search]");
  if (event.key === "/" && field && !event.target.closest("input, select, textarea")) {
    event.preventDefault();
    field.focus();
  }
});

const notices = document.getElementById("notices");
let announced = document.body.dataset.newest;
async function look() {
  if (!notices || document.hidden) return;
  try {
    const answer = await fetch("/newest.json", { cache: "no-store" });
    if (!answer.ok) return;
    const newest = await answer.json();
    if (!newest.night || newest.night <= announced) return;
    announced = newest.night;
    const notice = document.createElement("p");
    const link = document.createElement("a");
    notice.className = "notice";
    const address = new URL(location.href);
    address.searchParams.set("night", newest.night);
    address.searchParams.delete("version");
    link.href = address.href;
    link.textContent = "Show it";
    notice.append(`The night of ${newest.words} is there; this page is of an earlier one. `, link);
    notices.append(notice);
  } catch {
    // The desk does not answer; the next look tries again.
  }
}
setInterval(look, 60_000);
document.addEventListener("visibilitychange", look);

const waiting = document.querySelector("[data-preview]");
async function askForPreview() {
  try {
    const answer = await fetch(`/preview.json?number=${waiting.dataset.preview}`, { cache: "no-store" });
    // Without an answer to read, as after a restart of the desk, its page says what happened.
    const preview = answer.ok ? await answer.json() : { state: "gone" };
    if (preview.state === "running") document.getElementById("took").textContent = preview.took;
    else location.replace(`/preview?number=${waiting.dataset.preview}`);
  } catch {
    // The desk does not answer; the next question tries again.
  }
}
if (waiting) setInterval(askForPreview, 3_000);
