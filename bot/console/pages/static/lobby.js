// The lobby: being a fan. The chat is patched message by message, so that nothing else on the page moves.

import { api, make, page } from "./api.js";
import { follow } from "./stream.js";
import { toast } from "./toast.js";

const $ = (id) => document.getElementById(id);
const form = $("composer");
const field = $("text");
const fan = $("fan");
const list = $("messages");

// --- what is being written: kept in this browser, one for each channel

const key = `lobby:${form.dataset.channel}`;
const EMPTY = { text: "", mode: "", id: "", name: "", picture: null, aside: "", key: "" };
/* mode: "" writes a post, "reply" one that answers the message `id` of `name`, "edit" changes the post `id`; `aside` is
   what was being written before; `key` is the id that the post gets, so that one sent twice is one. */
let draft = { ...EMPTY, ...JSON.parse(localStorage.getItem(key) ?? "{}") };

/** Another post needs another key. */
function keep(changes) {
  draft = { ...draft, key: "", ...changes };
  localStorage.setItem(key, JSON.stringify(draft));
}

function show() {
  if (field.value !== draft.text) field.value = draft.text;
  const about = $("about");
  about.hidden = !draft.mode;
  about.querySelector("span").textContent = draft.mode === "edit" ? `Editing what ${draft.name} wrote` : `Replying to ${draft.name}`;
  $("post").textContent = draft.mode === "edit" ? "Save" : "Post";
  $("pictures").hidden = draft.mode === "edit";
  fan.disabled = draft.mode === "edit";
  const chosen = $("chosen");
  chosen.hidden = !draft.picture || draft.mode === "edit";
  if (draft.picture) {
    chosen.querySelector("img").src = draft.picture.url;
    chosen.querySelector("span").textContent = draft.picture.title;
  }
}

function start(mode, id, name, text) {
  const aside = draft.mode === "edit" ? draft.aside : draft.text;
  keep({ mode, id, name, aside: mode === "edit" ? aside : "", text: mode === "edit" ? text : aside });
  show();
  field.focus();
}

function leave() {
  keep({ mode: "", id: "", name: "", text: draft.mode === "edit" ? draft.aside : draft.text, aside: "" });
  complain("");
  show();
  field.focus();
}

function complain(sentence) {
  $("why").textContent = sentence;
  $("why").hidden = !sentence;
}

// --- who writes

const own = () => JSON.parse(localStorage.getItem("lobby-fans") ?? "[]");

function offer(name) {
  if (![...fan.options].some((option) => option.value === name)) fan.options[fan.length - 1].before(new Option(name));
}

function choose(name) {
  offer(name);
  fan.value = name;
  localStorage.setItem("lobby-fan", name);
  keep({});
  $("naming").hidden = true;
}

function name() {
  const given = $("name").value.trim();
  if (!given) return;
  localStorage.setItem("lobby-fans", JSON.stringify([...new Set([...own(), given])].slice(-12)));
  choose(given);
  $("name").value = "";
  field.focus();
}

fan.addEventListener("change", () => {
  if (fan.value) {
    choose(fan.value);
    return;
  }
  $("naming").hidden = false;
  $("name").focus();
});

// --- sending

const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function post() {
  const { mode, id, picture } = draft;
  const text = field.value;
  if (!text.trim() && !(picture && mode !== "edit")) {
    field.focus();
    return;
  }
  if (!fan.value) {
    complain("Give the new fan a name first.");
    $("name").focus();
    return;
  }
  complain("");
  if (mode !== "edit" && COMMAND.test(text.trim())) {
    await say(text);
    return;
  }
  if (!draft.key) keep({ key: newKey() });
  const answer = mode === "edit" ? await api("PATCH", `/api/posts/${id}`, { text }) : await api("POST", "/api/posts", body(text));
  if (!answer.ok) {
    complain(answer.message);
    return;
  }
  keep({ ...EMPTY, text: mode === "edit" ? draft.aside : since(text) });
  $("private").hidden = true;
  show();
  await refresh();
  toEnd();
}

/** What was typed since a text was sent: it stays. */
const since = (text) => (field.value.startsWith(text) ? field.value.slice(text.length) : field.value);

const playing = () => `lobby-${fan.value.toLowerCase()}`;

function body(text) {
  const made = {
    id: draft.key,
    channel: form.dataset.channel,
    author: { id: playing(), name: fan.value },
    text,
  };
  if (draft.mode === "reply") made.reply_to = draft.id;
  if (draft.picture) made.attachments = [{ kind: "image", ...draft.picture }];
  return made;
}

// --- what only the fan sees: answers to commands, and what they press

/** A stroke and a word. The server knows which there are. */
const COMMAND = /^\/[a-z]+(?!\S)/i;

/** A fan writes a command. */
async function say(text) {
  const { ok, data, message } = await api("POST", "/lobby/commands", { fan: playing(), text });
  if (!ok) {
    complain(message);
    return;
  }
  keep({ ...EMPTY, text: since(text) });
  show();
  whisper(data);
  await refresh();
}

function whisper({ text, file, buttons = [] }) {
  const place = $("private");
  const of = playing();
  place.replaceChildren(
    make("p", { className: "meta" }, `Only ${fan.value} sees this`),
    make("p", { className: "text", dir: "auto" }, text),
    ...(file ? [make("details", {}, make("summary", {}, "The file"), make("pre", {}, file))] : []),
    make("div", { className: "asks", dataset: { of } }, ...buttons.map(({ value, label }) => make("button", { type: "button", dataset: { press: value } }, label))),
    make("button", { type: "button", className: "quiet", dataset: { do: "hush" } }, "Put it away"),
  );
  place.hidden = false;
  toEnd();
}

function hush() {
  $("private").hidden = true;
  $("private").replaceChildren();
  field.focus();
}

/** A press counts for the fan one plays. Nobody can play a fan of the sample evening, so theirs counts for them. */
async function press(button) {
  const { asks, of } = button.closest(".asks").dataset;
  const as = of.startsWith("lobby-") && asks ? playing() : of;
  const { ok, data, message } = await api("POST", "/lobby/press", { fan: as, value: button.dataset.press, asks: asks ?? null });
  if (ok && !asks) whisper(data);
  else toast(ok ? data.text : message, { kind: ok ? "" : "alert" });
  await refresh();
}

// --- the chat

const told = new Map(); // id of a message -> how the server showed it last
let reading = null; // the refresh under way
let again = false; // something happened since it began
let soon = 0;

function atEnd() {
  return innerHeight + scrollY > document.documentElement.scrollHeight - 120;
}

function toEnd() {
  scrollTo(0, document.documentElement.scrollHeight);
  $("below").hidden = true;
}

/** Brings the page in line with the server. One at a time; what happens meanwhile is fetched right after. */
function refresh() {
  again = Boolean(reading);
  reading ??= read().finally(() => {
    reading = null;
    if (again) return refresh();
  });
  return reading;
}

async function read() {
  let answer;
  try {
    answer = await fetch(location.pathname + location.search);
  } catch {
    return; // the stream tells that the connection is away, and when it is back
  }
  if (!answer.ok) return;
  const now = page(await answer.text());
  swap("evening", now);
  const was = atEnd();
  if (patch(now.getElementById("messages")) && !was) $("below").hidden = false;
  if (was) toEnd();
  watch();
}

function swap(id, now) {
  const [old, made] = [$(id), now.getElementById(id)];
  if (old.outerHTML === made.outerHTML) return;
  const focused = old.contains(document.activeElement);
  old.replaceWith(made);
  if (focused) made.querySelector("button")?.focus();
}

/** True when a message came that was not there before. */
function patch(now) {
  let came = false;
  const ids = new Set([...now.children].map((message) => message.id));
  for (const message of [...list.children]) if (!ids.has(message.id)) message.remove();
  let before = null;
  for (const made of [...now.children]) {
    const html = made.outerHTML;
    let shown = $(made.id);
    if (!shown) {
      shown = made;
      if (made.matches(".message")) came = true;
      if (made.matches(".us")) $("heard").textContent = `The team replied: ${made.querySelector(".text").textContent}`;
    } else if (told.get(made.id) !== html) {
      replace(shown, made);
      shown = made;
    }
    told.set(made.id, html);
    const place = before ? before.nextElementSibling : list.firstElementChild;
    if (shown !== place) list.insertBefore(shown, place);
    before = shown;
  }
  return came;
}

function replace(shown, made) {
  const focused = shown.contains(document.activeElement) && document.activeElement.dataset.do;
  if (shown.querySelector("details[open]")) made.querySelector("details")?.setAttribute("open", "");
  shown.replaceWith(made);
  if (focused) made.querySelector(`[data-do="${focused}"]`)?.focus();
}

function refreshSoon() {
  soon ||= setTimeout(() => {
    soon = 0;
    refresh();
  }, 300);
}

let watching = 0;

/** The evening tells no event when it ends. */
function watch() {
  clearTimeout(watching);
  if ("playing" in $("evening").dataset) watching = setTimeout(refresh, 2000);
}

// --- what is pressed

async function call(method, path, body) {
  const { ok, message } = await api(method, path, body);
  if (!ok) toast(message, { kind: "alert" });
  await refresh();
}

const ACTS = {
  reply: ({ id, name }) => start("reply", id, name),
  edit: ({ post, name }, message) => start("edit", post, name, message.querySelector(".text")?.textContent ?? ""),
  delete: ({ post }) => call("DELETE", `/api/posts/${post}`),
  card: ({ post }) => call("POST", `/api/posts/${post}/card`, {}),
  leave,
  name,
  hush,
  command: ({ command }) => {
    field.value = `${command} `;
    keep({ text: field.value });
    field.focus();
  },
  "no-picture": () => (keep({ picture: null }), show()),
};

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  if (button.id === "below") toEnd();
  else if (button.dataset.evening) {
    button.disabled = true;
    if (button.dataset.evening === "POST") $("first-steps")?.removeAttribute("open"); // what comes now is to be seen
    await call(button.dataset.evening, "/lobby/evening");
    button.disabled = false;
    toEnd();
  } else if (button.dataset.do === "picture") {
    keep({ picture: { url: button.dataset.url, title: button.dataset.title } });
    $("pictures").open = false;
    show();
    field.focus();
  } else if (button.dataset.do) {
    const message = button.closest(".message");
    button.closest("details")?.removeAttribute("open");
    button.disabled = true;
    await ACTS[button.dataset.do](message?.dataset ?? button.dataset, message);
    button.disabled = false;
  } else if (button.dataset.press) {
    button.disabled = true;
    await press(button);
    button.disabled = false;
  }
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  $("post").disabled = true;
  await post();
  $("post").disabled = false;
});

field.addEventListener("input", () => keep({ text: field.value }));
field.addEventListener("keydown", (event) => {
  const plain = !event.shiftKey && matchMedia("(pointer: fine)").matches;
  if (event.key === "Enter" && !event.isComposing && (plain || event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit($("post"));
  } else if (event.key === "Escape" && draft.mode) leave();
});
$("name").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  name();
});
addEventListener("scroll", () => atEnd() && ($("below").hidden = true), { passive: true });

own().forEach(offer);
fan.value = localStorage.getItem("lobby-fan") ?? fan.value;
if (!fan.value) fan.selectedIndex = 0;
show();
for (const message of list.children) told.set(message.id, message.outerHTML);
document.querySelector(".tabs [aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
if (!location.hash) {
  // The newest stands in sight while pictures and first steps take their room, until somebody touches the page.
  const growing = new ResizeObserver(toEnd);
  growing.observe(document.body);
  for (const touch of ["pointerdown", "keydown", "wheel"])
    addEventListener(touch, () => growing.disconnect(), { once: true, passive: true });
}
watch();
follow("/api/events", Object.fromEntries(list.dataset.follows.split(" ").map((name) => [name, refreshSoon])));
