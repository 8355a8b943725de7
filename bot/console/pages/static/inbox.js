// The inbox: what is pressed on cards, what is new, who else is here.

import { api, fragment, make, page } from "./api.js";
import {
  cardOf,
  cards,
  cardsFrom,
  decide,
  enhance,
  fetchCards,
  fold,
  goTo,
  isLive,
  isOpen,
  nextOpen,
  patch,
  refresh,
  say,
  settle,
  still,
  told,
  unfold,
  unfoldReply,
} from "./card.js";
import { discard, drop, isWriting, leaveEditor, openEditor, reopen, restore, submitWords, typed } from "./editor.js";
import { listen } from "./keys.js";
import { follow } from "./stream.js";
import { toast } from "./toast.js";

const list = document.getElementById("cards");
const beside = document.getElementById("beside");
const isWide = matchMedia("(min-width: 1200px)");
const query = new URLSearchParams(location.search);
query.delete("after");

// --- tools of a card: what opens below its buttons

const TOOLS = ["skip", "snooze", "handover", "reading", "remove", "more", "ask"];
const NO_REPLY = { handoff: "Why is it closed without a reply?" };

function toggleTool(card, name) {
  const place = card.querySelector("[data-tools]");
  const isSame = place.dataset.tool === name;
  closeTools(card);
  if (isSame) return;
  place.replaceChildren(document.getElementById(`tool-${name}`).content.cloneNode(true));
  place.dataset.tool = name;
  if (name === "skip" && NO_REPLY[card.dataset.kind])
    place.querySelector("[data-says=label]").textContent = NO_REPLY[card.dataset.kind];
  if (name === "reading" && card.dataset.intent) place.querySelector("select").value = card.dataset.intent;
  if (name === "more" && !("askable" in card.dataset)) place.querySelector("[data-action=ask]").remove();
  restore(card, place);
  expand(card, name, true);
  const first = [...place.querySelectorAll("input, button, select, textarea")].find((each) => each.checkVisibility());
  first.focus({ preventScroll: true });
  place.scrollIntoView({ block: "nearest" });
}

function closeTools(card) {
  const place = card.querySelector("[data-tools]");
  if (!place.dataset.tool) return;
  expand(card, place.dataset.tool, false);
  place.replaceChildren();
  delete place.dataset.tool;
}

function expand(card, action, isExpanded) {
  for (const button of card.querySelectorAll(`[data-part=actions] [data-action=${action}]`))
    button.ariaExpanded = isExpanded;
}

// --- presses

const ACTIONS = {
  approve: (card, { alternative } = {}) => {
    if (unfoldReply(card, alternative)) {
      say(card, "Here is the whole reply. Read it, then press Send.");
      return null;
    }
    return decide(card, { action: "approve", ...(alternative && { alternative: Number(alternative) }) });
  },
  edit: (card) => (isWriting(card) ? leaveEditor(card) : (closeTools(card), openEditor(card))),
  correct: (card) => (isWriting(card) ? leaveEditor(card) : (closeTools(card), openEditor(card, { correct: true }))),
  leave: (card) => (leaveEditor(card), card.focus({ preventScroll: true })),
  discard: (card) => (discard(card), card.focus({ preventScroll: true })),
  copy: copyWords,
  reword: (card, { alternative } = {}) =>
    decide(card, { action: "reword", ...(alternative && { alternative: Number(alternative) }) }),
  open: (card) => decide(card, { action: "open" }),
  undo: (card) => decide(card, { action: "undo" }),
  retry: (card) => decide(card, { action: "retry" }),
  settle: (card, { arrived }) => decide(card, { action: "settle", arrived: arrived === "true" }),
  card: askForCard,
  "needs-none": needsNoAnswer,
  around: toggleAround,
  unfold: (_card, _values, button) => unfold(button.previousElementSibling),
  ...Object.fromEntries(TOOLS.map((name) => [name, (card) => toggleTool(card, name)])),
};

const FORMS = {
  words: (card, _form, button) => submitWords(card, button?.value ?? "edit"),
  fill: async (card, form) => {
    const slots = Object.fromEntries([...form.elements].filter((field) => field.name).map((field) => [field.name.slice(5), field.value]));
    if (await decide(card, { action: "fill", slots })) for (const name of Object.keys(slots)) drop(card, `slot:${name}`);
  },
  reject: (card, _form, button) => decideAndClose(card, { action: "reject", reason: button.value }),
  snooze: (card, _form, button) => decideAndClose(card, { action: "snooze", minutes: Number(button.value) }),
  remove: (card) => decideAndClose(card, { action: "remove" }),
  relabel: (card, form) => decideAndClose(card, { action: "relabel", intent: form.elements.intent.value }),
  handover: async (card, form) => {
    const note = form.elements.note.value.trim();
    if (note && !(await sendNote(card, note))) return;
    drop(card, "handover");
    form.elements.note.value = "";
    await decideAndClose(card, { action: "handover", to: form.elements.to.value || null });
  },
  ask: askAuthor,
  note: async (card, form) => {
    const sent = await sendNote(card, form.elements.text.value);
    if (!sent) return;
    drop(card, "note");
    form.closest("[data-notes]").replaceWith(...sent.childNodes);
  },
};

async function decideAndClose(card, body) {
  if (await decide(card, body)) closeTools(card);
}

async function askAuthor(card, form, button) {
  const incentive = form.elements.incentive.value.trim() || null;
  const { ok, message } = await api("POST", `/api/posts/${card.dataset.post}/ask`, { kind: button.value, incentive });
  say(card, ok ? "" : message);
  if (!ok) return;
  closeTools(card);
  toast(`A question to ${card.dataset.name} waits in the inbox.`);
}

async function sendNote(card, text) {
  const { ok, data, message } = await api("POST", `/inbox/posts/${card.dataset.post}/notes`, { text });
  if (!ok) say(card, message);
  return ok ? page(data).body : null;
}

async function copyWords(card) {
  const field = card.querySelector("[data-editor] textarea");
  try {
    await navigator.clipboard.writeText(field.value);
    toast("Copied.");
  } catch {
    field.select(); // the browser lets nobody but the person copy
    toast("The words are marked; copy them with your browser.");
  }
}

async function askForCard(card) {
  const { ok, data, message } = await api("POST", `/api/posts/${card.dataset.post}/card`, {});
  if (!ok) {
    say(card, message);
    return;
  }
  const fresh = await takePlace(card, data.draft_id);
  if (fresh) goTo(fresh);
}

/** A post needs no answer: the card that was skipped for it takes its place, with the way back. */
async function needsNoAnswer(card) {
  if (card.ariaBusy) return;
  card.ariaBusy = "true";
  const { ok, data, message } = await api("POST", `/api/posts/${card.dataset.post}/skip`, {});
  card.ariaBusy = null;
  say(card, ok ? "" : message);
  if (!ok) return;
  told(card, "reject", data);
  const next = nextOpen(card);
  const fresh = await takePlace(card, data.draft_id);
  if (fresh) goTo(next ?? fresh);
}

/** Puts the card of a draft where another card stands. */
async function takePlace(card, draft) {
  const [fresh] = (await fetchCards([draft])) ?? [];
  if (!fresh) return null;
  const there = cardOf(draft);
  if (there === card) {
    patch(card, fresh); // the stream told of it before the answer came
    return card;
  }
  there?.remove(); // it may stand further down
  card.replaceWith(fresh);
  enhance([fresh]);
  return fresh;
}

/** Does what a button of a card, or a key, asks for. */
export async function act(card, action, values = {}, button = null) {
  await ACTIONS[action](card, values, button);
}

list.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-action]");
  if (button) act(button.closest("article"), button.dataset.action, button.dataset, button);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.form) return;
  event.preventDefault();
  const card = form.closest("article") ?? current;
  if (!card || form.ariaBusy) return;
  form.ariaBusy = "true";
  await FORMS[form.dataset.form](card, form, event.submitter);
  form.ariaBusy = null;
});

document.addEventListener("input", ({ target }) => {
  const card = target.closest("article") ?? (target.closest("#beside") && current);
  if (card) typed(card, target);
  if (card && target.closest("[data-editor]")) here("writing");
});

document.addEventListener("click", async ({ target }) => {
  const opener = target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  else if (target.closest("[data-close]") || target.matches("dialog")) target.closest("dialog").close();
  const note = target.closest("[data-delete-note]");
  if (!note) return;
  const { ok, message } = await api("DELETE", `/inbox/notes/${note.dataset.deleteNote}`);
  if (ok) note.closest("li").remove();
  else toast(message, { kind: "alert" });
});

// --- what stands around a post: beside the list where there is room, else in the card

let current = null; // the card somebody is on
let shownFor = "";
let showing = 0;

const aroundOf = (card) =>
  card.dataset.draft ? `/inbox/cards/${card.dataset.draft}/around` : `/inbox/posts/${card.dataset.post}/around`;

async function toggleAround(card) {
  if (isWide.matches) {
    await showBeside(card);
    beside.focus();
    return;
  }
  const place = card.querySelector("[data-around]");
  const isShown = place.childElementCount > 0;
  if (isShown) place.replaceChildren();
  else await fillAround(card, place);
  for (const button of card.querySelectorAll("[data-action=around]")) button.ariaExpanded = !isShown;
}

async function fillAround(card, place) {
  const made = await fragment(aroundOf(card));
  if (!made) {
    say(card, "What stands around this post cannot be shown now; try again.");
    return;
  }
  place.replaceChildren(made);
  restore(card, place);
}

async function showBeside(card) {
  shownFor = card.dataset.post;
  const made = await fragment(aroundOf(card));
  if (shownFor !== card.dataset.post) return;
  if (!made && beside.querySelector(`[data-around-of="${shownFor}"]`)) return;
  // What stood around another post goes in any case: a note written there would be put to this one.
  beside.replaceChildren(made ?? make("p", { className: "meta" }, "What stands around this post cannot be shown."));
  beside.scrollTop = 0;
  restore(card, beside);
}

function settleOn(card) {
  if (card === current) return;
  current = card;
  here("looking");
  clearTimeout(showing);
  if (card && isWide.matches) showing = setTimeout(() => showBeside(card), 150);
}

list.addEventListener("focusin", ({ target }) => settleOn(target.closest("article")));
list.addEventListener("pointerdown", ({ target }) => target.closest("article") && settleOn(target.closest("article")));

// --- who else is here

const SPEAK_EVERY = 20_000;
const STILL_WRITING = 30_000;
let typedAt = -STILL_WRITING;
let spoken = "";
let speaking = 0;

function here(doing) {
  if (doing === "writing") typedAt = performance.now();
  clearTimeout(speaking);
  speaking = setTimeout(speak, 250);
}

function speak(isAgain = false) {
  const isHere = current?.isConnected && current.dataset.draft && isLive(current) && !document.hidden;
  const isNowWriting = isHere && performance.now() - typedAt < STILL_WRITING && isWriting(current);
  const body = { draft_id: isHere ? current.dataset.draft : null, doing: isNowWriting ? "writing" : "looking" };
  const said = JSON.stringify(body);
  if (said === spoken && (!isAgain || !isHere)) return;
  spoken = said;
  api("POST", "/inbox/presence", body, { keepalive: true });
}

setInterval(() => speak(true), SPEAK_EVERY);
document.addEventListener("visibilitychange", () => speak());

let others = {};

function showOthers() {
  for (const place of list.querySelectorAll("[data-presence]")) {
    const on = others[place.closest("article").dataset.draft] ?? [];
    const words = on.map(({ name, doing }) => `${name} is ${doing}`).join(", ");
    if (place.textContent !== words) place.textContent = words;
  }
}

// --- what is new

const news = document.getElementById("news-button");
const empty = document.getElementById("empty");
const COUNT_EVERY = 2000;
let known = null; // ids that somebody could have seen here; null until the server was asked once
let arrived = []; // ids that are not on the page yet
let counting = 0;
let countedAt = -COUNT_EVERY;

const idOf = (card) => card.dataset.draft ?? card.dataset.post;

function countSoon() {
  clearTimeout(counting);
  counting = setTimeout(count, Math.max(100, countedAt + COUNT_EVERY - performance.now()));
}

async function count() {
  countedAt = performance.now();
  const { ok, data } = await api("GET", `/inbox/state?${query}`);
  if (!ok) return;
  for (const [view, number] of Object.entries(data.counts)) {
    const place = document.querySelector(`[data-view="${view}"] .count`);
    if (place) place.textContent = number;
  }
  const shown = new Set(cards().map(idOf));
  if (known === null) known = new Set(document.getElementById("more") ? data.ids : []);
  arrived = data.ids.filter((id) => !known.has(id) && !shown.has(id));
  known = new Set(data.ids.filter((id) => !arrived.includes(id)));
  tellNews(data);
  if (arrived.length && !cards().some(isOpen) && !cards().some(isWriting)) await showNews(false);
}

let urgentIds = new Set(); // of what arrived
function tellNews({ urgent, counts }) {
  const many = arrived.length;
  const urgentNew = arrived.filter((id) => urgentIds.has(id)).length;
  const words = many ? `${many} new${urgentNew ? `, ${urgentNew} urgent` : ""}` : "";
  if (news.textContent !== words) news.textContent = words;
  if (news.hidden === many > 0) makeRoom(() => (news.hidden = !many));
  news.classList.toggle("urgent", urgentNew > 0);
  const waiting = [urgent ? `${urgent} urgent` : "", counts.waiting].filter(Boolean).join(", ");
  document.title = document.title.replace(/^(\(.*?\) )?/, waiting ? `(${waiting}) ` : "");
}

/** The button has a line of its own above the cards, so that it covers none. Nothing moves that somebody looks at. */
function makeRoom(put) {
  if (scrollY > 0) still(put);
  else settle(put);
}

async function showNews(isAsked = true) {
  const ids = arrived.slice(0, 50);
  if (["left", "unanswered"].includes(list.dataset.view)) {
    location.reload();
    return;
  }
  const fresh = ((await fetchCards(ids)) ?? []).filter((card) => !cardOf(card.dataset.draft));
  for (const id of ids) known.add(id);
  arrived = arrived.filter((id) => !ids.includes(id));
  const put = () => {
    list.prepend(...fresh);
    enhance(fresh);
    reopen(fresh);
  };
  if (isAsked) put();
  else still(put);
  news.hidden = !arrived.length;
  empty.hidden = cards().length > 0;
  if (isAsked && fresh.length) {
    scrollTo({ top: 0, behavior: "instant" });
    fresh[0].focus({ preventScroll: true });
  }
}

news.addEventListener("click", () => showNews());

list.addEventListener("click", async (event) => {
  const more = event.target.closest("#more");
  if (!more || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (more.ariaBusy) return;
  more.ariaBusy = "true";
  const { ok, data, message } = await api("GET", `/inbox/more${more.search}`);
  more.ariaBusy = null;
  if (!ok) {
    toast(message, { kind: "alert" });
    return;
  }
  const fresh = cardsFrom(data).filter((card) => !document.getElementById(card.id));
  const next = page(data).getElementById("more");
  more.replaceWith(...fresh, ...(next ? [next] : []));
  enhance(fresh);
  reopen(fresh);
  if (fresh.length) goTo(fresh[0]);
  showOthers();
});

// --- being told of something urgent

const ALERTS = "alerts";
let sound = null;

const wanted = () => JSON.parse(localStorage.getItem(ALERTS) ?? "{}");

for (const box of document.querySelectorAll("[data-alert]")) {
  box.checked = Boolean(wanted()[box.dataset.alert]);
  box.addEventListener("change", async () => {
    if (box.checked && box.dataset.alert === "notification") {
      box.checked = await mayNotify();
      if (!box.checked) toast("This browser does not let Greenroom show notifications.", { kind: "alert" });
    }
    localStorage.setItem(ALERTS, JSON.stringify({ ...wanted(), [box.dataset.alert]: box.checked }));
    if (box.checked && box.dataset.alert === "sound") ring();
  });
}

async function mayNotify() {
  const isAllowed = "Notification" in window && (await Notification.requestPermission()) === "granted";
  return isAllowed && notify("Something urgent will be told like this.");
}

/** False where a page cannot, as in browsers of Android, which say so only by an error. */
function notify(body) {
  try {
    new Notification("Greenroom", { body, tag: "urgent" });
    return true;
  } catch {
    return false;
  }
}

// Browsers give a page its voice when somebody touches it.
document.addEventListener("pointerdown", () => wanted().sound && voice().resume(), { once: true });

function voice() {
  sound ??= new AudioContext();
  return sound;
}

function ring() {
  voice();
  const volume = new GainNode(sound, { gain: 0 });
  const tone = new OscillatorNode(sound, { frequency: 660 });
  tone.connect(volume).connect(sound.destination);
  const now = sound.currentTime;
  volume.gain.setTargetAtTime(0.2, now, 0.02);
  volume.gain.setTargetAtTime(0, now + 0.25, 0.1);
  tone.frequency.setValueAtTime(880, now + 0.15);
  tone.start();
  tone.stop(now + 1);
}

function tellUrgent(ids) {
  if (!ids.length) return;
  for (const id of ids) urgentIds.add(id);
  if (wanted().sound) ring();
  if (wanted().notification && document.hidden) notify("Something urgent waits for an answer.");
}

// --- the stream

const TAKE_EVERY = 1000;
let taking = 0;
let tookAt = -TAKE_EVERY;
let untaken = { drafts: new Set(), posts: new Set(), more: false };

/** A change is taken in at once; those that come within the second after it together. */
function takeNews({ drafts, posts, urgent, more = false }) {
  tellUrgent(urgent);
  for (const id of drafts) untaken.drafts.add(id);
  for (const id of posts) untaken.posts.add(id);
  untaken.more ||= more;
  taking ||= setTimeout(take, Math.max(0, tookAt + TAKE_EVERY - performance.now()));
  countSoon();
}

function take() {
  const { drafts, posts, more } = untaken;
  untaken = { drafts: new Set(), posts: new Set(), more: false };
  taking = 0;
  tookAt = performance.now();
  const onPage = cards();
  const shownDrafts = new Set(onPage.map((card) => card.dataset.draft));
  // A post on the page may have got a new draft, which then takes the place of the old one.
  const isAbout = onPage.some((card) => posts.has(card.dataset.post) || drafts.has(card.dataset.draft));
  const hasNew = isAbout || onPage.some((card) => card.dataset.state === "superseded");
  const wantedNow = [...(more ? shownDrafts : drafts)].filter((id) => id && (shownDrafts.has(id) || hasNew));
  if (wantedNow.length) refresh(wantedNow).then(showOthers);
  if (current && isWide.matches && posts.has(current.dataset.post) && !beside.contains(document.activeElement))
    showBeside(current);
}

async function lookAtSurge() {
  const made = await fragment("/inbox/surge");
  if (made) document.getElementById("surge").replaceChildren(made);
}

// --- beginning

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
enhance(cards());
reopen(cards());
listen({ act, current: () => (current?.isConnected ? current : null), showNews, closeTools });
addEventListener("resize", () => fold(cards()));
if (isWide.matches && !current && cards().length) showBeside(cards()[0]);
follow("/inbox/stream", {
  changed: takeNews,
  hold: () => document.dispatchEvent(new Event("hold")),
  surge: lookAtSurge,
  presence: (data) => {
    others = data;
    showOthers();
  },
});
count();
