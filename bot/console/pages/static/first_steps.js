// The first steps: what this browser has seen, and what the server says that this manager has done.

import { api, me } from "./api.js";

const AGAIN = 4000; // milliseconds

const box = document.getElementById("first-steps");
const steps = [...(box?.querySelectorAll("[data-step]") ?? [])];
const key = `first-steps:${me}`;
const kept = JSON.parse(localStorage.getItem(key) ?? "{}"); // the steps done, and `dismissed`

function keep(changes) {
  Object.assign(kept, changes);
  localStorage.setItem(key, JSON.stringify(kept));
}

/** Steps that are done by coming to a page. */
function look() {
  const view = new URLSearchParams(location.search).get("view");
  if (location.pathname === "/inbox") keep({ inbox: true });
  if (location.pathname === "/live" || view === "left") keep({ left: true });
}

function show() {
  const next = steps.find((step) => !kept[step.dataset.step]);
  for (const step of steps) {
    const done = Boolean(kept[step.dataset.step]);
    step.classList.toggle("done", done);
    step.classList.toggle("next", step === next);
    if (done && !step.querySelector(".unseen")) {
      const said = Object.assign(document.createElement("span"), { className: "unseen", textContent: "Done: " });
      step.prepend(said);
    }
  }
  const done = steps.filter((step) => kept[step.dataset.step]).length;
  box.querySelector("[data-progress]").textContent = next
    ? `First steps: ${done} of ${steps.length} done. Next: ${next.querySelector("a").textContent.toLowerCase()}.`
    : "You have done the first steps. That is how all of it works.";
  box.classList.toggle("all", !next);
  box.hidden = false;
}

function allDone() {
  return steps.every((step) => kept[step.dataset.step]);
}

async function ask() {
  if (kept.dismissed) return;
  if (!document.hidden) {
    const { ok, data } = await api("GET", "/lobby/steps");
    if (ok) keep(Object.fromEntries(Object.entries(data).filter(([, done]) => done)));
    if (kept.over) keep({ dismissed: true }); // no newcomer any more
    look(); // the inbox changes its address without a new page
    if (kept.dismissed) box.hidden = true;
    else show();
  }
  if (!allDone()) setTimeout(ask, AGAIN);
}

if (box) {
  if (allDone()) keep({ dismissed: true }); // a page before has said so
  look();
  box.querySelector("[data-dismiss]").addEventListener("click", () => {
    keep({ dismissed: true });
    box.hidden = true;
  });
  ask();
}
