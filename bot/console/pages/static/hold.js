// The hold at the top of every page: it comes and goes by itself, is begun with a reason, and lifted by a button.

import { api, fragment } from "./api.js";
import { toast } from "./toast.js";

const LOOK = 10_000; // milliseconds between two looks

const place = document.getElementById("hold");
const form = document.getElementById("begin-hold");
const menu = form.closest("details");

/** Marks a reason that is longer than its place: a press shows the rest. */
function measure() {
  const words = place.querySelector("summary span");
  if (!words || words.closest("[open]")) return;
  words.parentElement.toggleAttribute("data-long", words.scrollHeight > words.clientHeight + 2);
}

/** Shows the hold as it is now. Where nothing has changed, nothing is touched. */
async function look() {
  if (document.hidden) return;
  const made = await fragment("/hold");
  if (!made || made.textContent.trim() === place.textContent.trim()) return;
  const focused = place.contains(document.activeElement);
  place.replaceChildren(...made.childNodes);
  measure();
  if (focused) (place.querySelector("button") ?? document.getElementById("main")).focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const why = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  button.disabled = true;
  const { ok, status, data, message } = await api("POST", "/api/hold", { reason: form.elements.reason.value });
  button.disabled = false;
  why.textContent = ok ? "" : message;
  why.hidden = ok;
  if (ok || status === 409) await look();
  if (!ok) return;
  form.reset();
  menu.open = false;
  const again = data.waiting === 1 ? "1 approved reply waits" : `${data.waiting} approved replies wait`;
  toast(data.waiting ? `Nothing is sent now. ${again} for a new yes.` : "Nothing is sent now.");
});

place.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-lift]");
  if (!button) return;
  button.disabled = true;
  const { ok, status, message } = await api("DELETE", "/api/hold");
  button.disabled = false;
  if (!ok && status !== 409) toast(message, { kind: "alert" });
  await look();
  if (ok) toast("The hold is lifted. What was taken back waits for a new yes.");
});

measure();
addEventListener("resize", measure);
document.addEventListener("hold", look);
addEventListener("visibilitychange", look);
setInterval(look, LOOK);
