// One card: takes in what the server says of it, part by part, and sends the presses of whoever is signed in.

import { api, fragment, make, parsed } from "./api.js";
import { toast } from "./toast.js";

const SETTLING = 400; // milliseconds
const AT_ONCE = 50; // cards in one request
const served = new WeakMap(); // part -> its HTML as the server made it
const ends = new WeakMap(); // element with a countdown -> when it ends, by performance.now()
const LIVE = ["waiting", "snoozed"];

/** All cards on the page, in their order. */
export const cards = () => [...document.querySelectorAll("#cards > article")];

/** The card of a draft; null if it is not on the page. */
export const cardOf = (draft) => document.getElementById(`draft-${draft}`);

/** Whether it waits for somebody. */
export const isLive = (card) => LIVE.includes(card.dataset.state);

/** Whether somebody can do something with it now: it waits, or was left alone. */
export const isOpen = (card) => ["waiting", "left"].includes(card.dataset.state);

/** Dispatches `card` after a card was brought in line with the server, with the card and what it was before. */
export const changed = new EventTarget();

// --- taking in what the server says

/** Prepares cards that have just come onto the page. */
export function enhance(articles) {
  for (const card of articles) {
    for (const part of card.querySelectorAll(":scope [data-part]")) served.set(part, part.outerHTML);
    prepare(card);
  }
  fold(articles);
}

function prepare(part) {
  for (const left of part.querySelectorAll("[data-left]"))
    ends.set(left, performance.now() + Number(left.dataset.left) * 1000);
  for (const picture of part.querySelectorAll(".picture img")) {
    const gone = () => picture.replaceWith(`picture: ${picture.alt}`);
    if (picture.complete && !picture.naturalWidth && picture.src && picture.loading !== "lazy") gone();
    else picture.addEventListener("error", gone, { once: true });
  }
}

/**
 * Brings a card in line with a newer one from the server. Only parts that changed are replaced: what is typed, opened
 * or focused elsewhere in the card stays.
 */
export function patch(card, fresh) {
  const before = { draft: card.dataset.draft, live: isLive(card) };
  for (const name of card.getAttributeNames())
    if (name.startsWith("data-") && !name.startsWith("data-my-") && !fresh.hasAttribute(name)) card.removeAttribute(name);
  for (const { name, value } of fresh.attributes) card.setAttribute(name, value);
  for (const old of card.querySelectorAll(":scope [data-part]")) {
    const now = fresh.querySelector(`:scope [data-part="${old.dataset.part}"]`);
    if (!now || served.get(old) === now.outerHTML) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    served.set(now, now.outerHTML);
    prepare(now);
    old.replaceWith(now);
    if (focused) focusAgain(card, now, focused);
  }
  if (isLive(card)) delete card.dataset.myDecision;
  fold([card]);
  changed.dispatchEvent(new CustomEvent("card", { detail: { card, before } }));
}

function focusAgain(card, part, focused) {
  const same = focused.name ? `[name="${CSS.escape(focused.name)}"]` : `[data-action="${focused.dataset.action}"]`;
  const again = part.querySelector(same);
  (again ?? card).focus({ preventScroll: true });
  if (again?.setSelectionRange && focused.value === again.value)
    again.setSelectionRange(focused.selectionStart, focused.selectionEnd);
}

/** Does something to the page, and leaves what somebody looks at where it is on the screen. */
export function still(work) {
  const focused = document.activeElement?.closest("#cards > article");
  const inSight = (card) => card.getBoundingClientRect().bottom > 100 && card.getBoundingClientRect().top < innerHeight;
  const anchor = focused && inSight(focused) ? focused : cards().find(inSight);
  const before = anchor?.getBoundingClientRect().top;
  work();
  const moved = anchor?.isConnected ? anchor.getBoundingClientRect().top - before : 0;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}

const waiting = new Set();
let asking = null;

/** Fetches cards anew and takes them in. Many calls at the same time make few requests. */
export function refresh(drafts) {
  for (const draft of drafts) waiting.add(draft);
  asking ??= (async () => {
    try {
      while (waiting.size) {
        const ids = [...waiting].slice(0, AT_ONCE);
        for (const id of ids) waiting.delete(id);
        const fresh = await fetchCards(ids);
        if (fresh) takeIn(ids, fresh);
      }
    } finally {
      asking = null;
    }
  })();
  return asking;
}

/** The cards with these ids as the server has them now, in that order; null without an answer. */
export async function fetchCards(ids) {
  const made = await fragment(`/inbox/cards?ids=${ids.map(encodeURIComponent).join(",")}`);
  return made && [...made.querySelectorAll("article")];
}

function takeIn(ids, fresh) {
  still(() => {
    for (const one of fresh) {
      const card = cardOf(one.dataset.draft);
      if (card) patch(card, one);
      else replaceOlder(one);
    }
    const came = new Set(fresh.map((one) => one.dataset.draft));
    for (const id of ids) if (!came.has(id) && cardOf(id)) gone(cardOf(id));
  });
}

/** A post has a new draft where an old one stands that is over: the new one takes its place, with all that was typed. */
function replaceOlder(fresh) {
  if (!isLive(fresh)) return;
  const older = cards().find((card) => card.dataset.post === fresh.dataset.post && !isLive(card));
  if (older) patch(older, fresh);
}

function gone(card) {
  const state = card.querySelector("[data-part=state]");
  state.replaceChildren(make("p", { className: "state" }, "This card is gone."));
  card.dataset.state = "withdrawn";
  changed.dispatchEvent(new CustomEvent("card", { detail: { card, before: { draft: card.dataset.draft, live: true } } }));
}

// --- folding long texts

/** Measures which texts are longer than their place, and gives those a button. */
export function fold(articles) {
  const texts = articles.flatMap((card) => [...card.querySelectorAll("[data-fold]:not([data-my-whole])")]);
  const long = texts.filter((text) => text.scrollHeight > text.clientHeight + 2);
  for (const text of texts) {
    const button = text.nextElementSibling?.matches(".unfold") ? text.nextElementSibling : null;
    if (long.includes(text) && !button)
      text.after(make("button", { type: "button", className: "unfold", dataset: { action: "unfold" } }, "Show all"));
    else if (!long.includes(text)) button?.remove();
  }
}

export function unfold(text) {
  text.dataset.myWhole = "";
  if (text.nextElementSibling?.matches(".unfold")) text.nextElementSibling.remove();
}

/** Shows a reply whole. True if it was folded: whoever wanted to send it has not read all of it. */
export function unfoldReply(card, alternative) {
  const place = alternative ? card.querySelectorAll(".ready")[alternative - 1] : card.querySelector("[data-part=reply]");
  const text = place?.querySelector("[data-whole]:not([data-my-whole])");
  if (!text || !text.nextElementSibling?.matches(".unfold")) return false;
  unfold(text);
  return true;
}

// --- clocks

setInterval(() => {
  for (const left of document.querySelectorAll("[data-left]")) {
    const rest = Math.ceil((ends.get(left) - performance.now()) / 1000);
    left.textContent = rest > 0 ? `${rest} s` : "a moment";
  }
}, 500);

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-ago]")) time.textContent = ago(Date.parse(time.dateTime));
}, 30_000);

function ago(moment) {
  const seconds = (Date.now() - moment) / 1000;
  if (seconds < 60) return "just now";
  for (const [unit, length, from] of [[" days", 86_400, 172_800], [" h", 3600, 3600], [" min", 60, 60]])
    if (seconds >= from) return `${Math.floor(seconds / length)}${unit} ago`;
  return "just now";
}

// --- pressing

const keys = new Map(); // a press -> its Idempotency-Key, until the server has answered
const busy = new Set();
const DECIDING = ["approve", "edit", "reject", "snooze", "handover"]; // afterwards one goes on with the next card

/** Says on the card why something was not done; an empty sentence takes it away. */
export function say(card, sentence) {
  const place = card.querySelector("[data-answer]");
  place.textContent = sentence;
  place.hidden = !sentence;
}

/**
 * Sends a decision, and says what came of it. A press that is repeated after a dead connection counts once.
 * @returns {Promise<boolean>} whether it was carried out
 */
export async function decide(card, body) {
  const draft = card.dataset.draft;
  if (busy.has(draft)) return false;
  busy.add(draft);
  card.ariaBusy = "true";
  say(card, "");
  const press = { revision: Number(card.dataset.revision), ...body };
  const answer = await send(draft, press);
  busy.delete(draft);
  card.ariaBusy = null;
  if (!answer.ok) {
    say(card, answer.message);
    if (answer.status === 409 || answer.status === 404) await refresh([draft]);
    return false;
  }
  told(card, body.action, answer.data);
  const next = DECIDING.includes(body.action) ? nextOpen(card) : null;
  if (next) card.dataset.myDecision = "";
  const hadFocus = card.contains(document.activeElement) || document.activeElement === document.body;
  await refresh([draft]);
  if (next) settle();
  if (next && hadFocus) goTo(next);
  return true;
}

/** The list moves under the finger: for a moment a tap, meant for what stood there before, does nothing. */
export function settle(work = () => {}) {
  const list = document.getElementById("cards");
  work();
  list.dataset.settling = "";
  setTimeout(() => delete list.dataset.settling, SETTLING);
}

async function send(draft, press) {
  const name = JSON.stringify([draft, press]);
  if (!keys.has(name)) keys.set(name, newKey());
  const answer = await api("POST", `/api/drafts/${draft}/decisions`, press, { key: keys.get(name) });
  if (answer.status !== 0 && answer.status < 500) keys.delete(name);
  return answer;
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const SAID = {
  approve: (name) => `Sending to ${name}`,
  edit: (name) => `Sending to ${name}`,
  reject: (name) => `Skipped ${name}'s post`,
  snooze: (name) => `Snoozed ${name}'s post`,
  handover: (name) => `Handed ${name}'s post over`,
  relabel: (name) => `Reading ${name}'s post anew`,
  correct: (name) => `Correcting the reply to ${name}`,
  remove: (name) => `Removing the reply to ${name}`,
  propose: (name) => `Laid on ${name}'s card`,
};

/** Says what a decision came to, with the way back while there is one. */
export function told(card, action, data) {
  if (!SAID[action]) return;
  const remarks = data.warnings.map((warning) => warning.note).filter(Boolean);
  const sentence = [SAID[action](card.dataset.name), ...remarks].join(". ");
  const seconds = data.undo_until ? (Date.parse(data.undo_until) - Date.parse(data.at ?? 0)) / 1000 : 0;
  const undone = { seconds, action: "Undo", run: () => undo(data.draft_id, data.revision) };
  toast(sentence, seconds > 0 && action !== "snooze" ? undone : {});
}

async function undo(draft, revision) {
  const answer = await send(draft, { revision, action: "undo" });
  const card = cardOf(draft);
  if (!answer.ok) toast(answer.message, { kind: "alert" });
  else if (!card) toast("Taken back.");
  if (!card) return;
  await refresh([draft]);
  if (answer.ok) goTo(card);
}

/** The next card that is open, else the last one before it; null if there is none. */
export function nextOpen(card) {
  const all = cards();
  const place = all.indexOf(card);
  return all.slice(place + 1).find(isOpen) ?? all.slice(0, Math.max(place, 0)).findLast(isOpen) ?? null;
}

/** Moves the focus to a card, and the card into sight. */
export function goTo(card) {
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", behavior: "instant" });
}

/** Cards for the page from HTML of the server. */
export function cardsFrom(html) {
  return [...parsed(html).querySelectorAll("article")];
}
