// Words that somebody is writing on a card. They are kept in this browser until they are sent or thrown away.

import { api, make, me } from "./api.js";
import { changed, decide, isLive } from "./card.js";

const LOOK_AFTER = 400; // milliseconds without a key until the checks look
const OPEN_AGAIN = 90_000; // the desk forgets after two minutes who is writing
const KEPT_FOR = 7 * 24 * 3600 * 1000;
const PREFIX = "words:";

// --- keeping

const nameOf = (card, field) => `${PREFIX}${me}:${card.dataset.draft ?? card.dataset.post}:${field}`;

function keep(card, field, text) {
  try {
    if (text) localStorage.setItem(nameOf(card, field), JSON.stringify([text, Date.now()]));
    else localStorage.removeItem(nameOf(card, field));
  } catch {
    // the browser has no room, or keeps nothing: the words still stand in their field
  }
}

/** The words kept for a field of a card; empty if there are none. */
export function kept(card, field) {
  try {
    return JSON.parse(localStorage.getItem(nameOf(card, field)))?.[0] ?? "";
  } catch {
    return "";
  }
}

/** Throws away what is kept for a field of a card. */
export const drop = (card, field) => keep(card, field, "");

/** Puts what is kept into the fields of a card, or of what was just opened in it. */
export function restore(card, within = card) {
  for (const field of within.querySelectorAll("[data-keep]"))
    if (!field.value) field.value = kept(card, field.dataset.keep);
}

function dropOld() {
  for (const name of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
    const [, at] = JSON.parse(localStorage.getItem(name)) ?? [];
    if (!(Date.now() - at < KEPT_FOR)) localStorage.removeItem(name);
  }
}

// --- the editor

const editorOf = (card) => card.querySelector("[data-editor] form");
const opened = new WeakMap(); // card -> when the desk was last told that somebody writes on it
let looking = 0;

/** Whether somebody has an editor open on it. */
export const isWriting = (card) => Boolean(editorOf(card));

/**
 * Opens the editor of a card, with the words that are kept, else with those that stand on it.
 * @param {HTMLElement} card
 * @param {{correct?: boolean, focus?: boolean}} [options] `correct`: change a reply that was sent
 */
export function openEditor(card, { correct = false, focus = true } = {}) {
  const place = card.querySelector("[data-editor]");
  if (!editorOf(card)) {
    place.replaceChildren(document.getElementById("tool-editor").content.cloneNode(true));
    const form = editorOf(card);
    const field = form.elements.text;
    field.dataset.keep = correct ? "correct" : "text";
    field.value = kept(card, field.dataset.keep) || textOn(card);
    if (correct) {
      form.querySelector("[data-says=label]").textContent = "The whole reply, as it should stand";
      form.querySelector("[value=propose]").remove();
      Object.assign(form.querySelector("[value=edit]"), { value: "correct", textContent: "Correct the reply" });
    }
    count(card, field);
    if (kept(card, field.dataset.keep)) look(card, field);
  }
  expand(card, true);
  if (!focus) return;
  const field = editorOf(card).elements.text;
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}

function textOn(card) {
  return card.querySelector("[data-part=reply] > .reply > p")?.textContent ?? "";
}

function expand(card, isOpen) {
  for (const button of card.querySelectorAll("[data-action=edit], [data-action=correct]")) button.ariaExpanded = isOpen;
}

/** Closes the editor. What was typed is kept, and the card says so. */
export function leaveEditor(card) {
  const form = editorOf(card);
  if (!form) return;
  const { keep: field } = form.elements.text.dataset;
  expand(card, false);
  card.querySelector("[data-editor]").replaceChildren();
  if (kept(card, field)) remind(card, field);
}

function remind(card, field) {
  card.querySelector("[data-editor]").replaceChildren(
    make(
      "p",
      { className: "kept row" },
      make("span", { className: "cut", dir: "auto" }, `Your words are kept: ${kept(card, field)}`),
      make("button", { type: "button", dataset: { action: field === "correct" ? "correct" : "edit" } }, "Go on"),
      make("button", { type: "button", className: "quiet", dataset: { action: "discard" } }, "Discard"),
    ),
  );
}

/** Throws away what was typed on a card, and closes its editor. */
export function discard(card) {
  for (const field of ["text", "correct"]) drop(card, field);
  expand(card, false);
  card.querySelector("[data-editor]").replaceChildren();
}

/** Sends what is in the editor: `action` is `edit`, `propose` or `correct`. */
export async function submitWords(card, action) {
  const field = editorOf(card).elements.text;
  const text = field.value;
  if (!(await decide(card, { action, text }))) return false;
  if (field.value === text) discard(card); // else somebody has typed on meanwhile
  return true;
}

/** Shows editors where words are kept, without taking the focus. */
export function reopen(cards) {
  for (const card of cards) {
    restore(card);
    if (isLive(card) && kept(card, "text") && !editorOf(card)) openEditor(card, { focus: false });
  }
}

// --- while somebody types

/** To be called for each key in a field of a card. */
export function typed(card, field) {
  if (!field.dataset.keep) return;
  keep(card, field.dataset.keep, field.value);
  if (field.dataset.keep !== "text" && field.dataset.keep !== "correct") return;
  count(card, field);
  clearTimeout(looking);
  looking = setTimeout(() => look(card, field), LOOK_AFTER);
  if (field.dataset.keep === "text") tellDesk(card);
}

function count(card, field) {
  const limit = Number(card.dataset.limit);
  const counter = field.form.querySelector("[data-counter]");
  const over = field.value.length - limit; // JavaScript counts as the platforms do: in UTF-16
  counter.textContent = over > 0 ? `${over} too long` : `${field.value.length} of ${limit}`;
  counter.classList.toggle("over", over > 0);
}

async function look(card, field) {
  const text = field.value;
  const place = field.form.querySelector("[data-remarks]");
  if (!text.trim()) {
    place.replaceChildren();
    return;
  }
  const { ok, data } = await api("POST", `/api/drafts/${card.dataset.draft}/remarks`, { text });
  if (field.value !== text) return;
  if (!ok) {
    place.replaceChildren(); // what stands there is about an earlier text
    return;
  }
  const lines = (sentences, className) => sentences.map((sentence) => make("p", { className }, sentence));
  place.replaceChildren(...lines(data.stops, "check block"), ...lines(data.remarks, "remark"));
}

function tellDesk(card) {
  const { writing } = card.dataset;
  const recently = performance.now() - (opened.get(card) ?? -OPEN_AGAIN) < OPEN_AGAIN;
  if (recently || !isLive(card) || (writing && writing !== me)) return;
  opened.set(card, performance.now());
  const press = { revision: Number(card.dataset.revision), action: "open" };
  api("POST", `/api/drafts/${card.dataset.draft}/decisions`, press).then(({ ok }) => ok || opened.delete(card));
}

// --- when a card changes under the words

changed.addEventListener("card", ({ detail: { card, before } }) => {
  if (before.draft !== card.dataset.draft) move(card, before.draft);
  restore(card);
  const form = editorOf(card);
  if (form?.elements.text.dataset.keep !== "text") return;
  expand(card, true);
  const own = "myDecision" in card.dataset;
  if (isLive(card)) thaw(form, before.live ? "" : "The card is open again. Read the post once more, then go on.");
  else if (!own && !form.dataset.myFrozen) freeze(form);
});

function move(card, oldDraft) {
  for (const field of ["text", "note", "handover"]) {
    const old = { dataset: { draft: oldDraft } };
    const words = kept(old, field);
    if (words) keep(card, field, words);
    drop(old, field);
  }
  opened.delete(card);
}

function freeze(form) {
  form.dataset.myFrozen = "yes";
  form.elements.text.readOnly = true;
  form.querySelector("[data-while=open]").hidden = true;
  form.append(
    make(
      "div",
      { className: "stack", dataset: { while: "over" } },
      make("p", { className: "check", role: "alert" }, "This card changed while you were writing. Your words are kept here."),
      make(
        "div",
        { className: "row" },
        make("button", { type: "button", dataset: { action: "copy" } }, "Copy the words"),
        make("button", { type: "button", className: "quiet", dataset: { action: "discard" } }, "Discard"),
      ),
    ),
  );
}

function thaw(form, sentence) {
  if (!form.dataset.myFrozen) return;
  delete form.dataset.myFrozen;
  form.elements.text.readOnly = false;
  form.querySelector("[data-while=open]").hidden = false;
  form.querySelector("[data-while=over]").remove();
  if (sentence) form.querySelector("[data-remarks]").replaceChildren(make("p", { className: "check" }, sentence));
}

dropOld();
