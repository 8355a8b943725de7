// The one script of the console: sends what a form says to the API, and keeps <main> in line with the server.

const csrf = document.querySelector("meta[name=csrf]")?.content;
const main = document.getElementById("main");
const news = document.getElementById("news");

async function api(method, path, body) {
  const headers = { "X-CSRF-Token": csrf, ...(body && { "Content-Type": "application/json" }) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { ok: answer.ok, status: answer.status, ...(text && { data: JSON.parse(text) }) };
}

// --- keeping the page fresh

let pending = 0;
let undoTimer = 0;

function isTyping() {
  const fields = [...main.querySelectorAll("textarea, input:not([type=hidden])")];
  return fields.some((field) => field.value !== field.defaultValue || field === document.activeElement);
}

async function refresh(force = false) {
  if (!force && isTyping()) {
    news.hidden = false;
    return;
  }
  const answer = await fetch(location.pathname);
  if (answer.status === 401) {
    location.reload();
    return;
  }
  if (!answer.ok || (!force && isTyping())) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const atEnd = innerHeight + scrollY > document.body.scrollHeight - 80;
  const focused = document.activeElement?.id;
  const opened = [...main.querySelectorAll("details[open]")].map((details) => details.id);
  main.replaceChildren(...page.getElementById("main").childNodes);
  document.title = page.title;
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (focused && focused !== document.activeElement?.id) document.getElementById(focused)?.focus();
  if (atEnd && document.body.classList.contains("lobby")) scrollTo(0, document.body.scrollHeight);
  news.hidden = true;
  refreshWhenUndoEnds();
}

function refreshSoon() {
  clearTimeout(pending);
  pending = setTimeout(refresh, 150);
}

function refreshWhenUndoEnds() {
  const ends = [...main.querySelectorAll("[data-until]")].map((item) => Date.parse(item.dataset.until));
  const next = Math.min(...ends.filter((end) => end > Date.now()));
  clearTimeout(undoTimer);
  if (Number.isFinite(next)) undoTimer = setTimeout(refresh, next - Date.now() + 300);
}

function follow(lost = false) {
  const stream = new EventSource("/api/events");
  for (const name of document.body.dataset.events.split(" ")) stream.addEventListener(name, refreshSoon);
  stream.onerror = () => {
    lost = true;
    if (stream.readyState !== EventSource.CLOSED) return; // it comes again by itself
    refreshSoon(); // the session may be over
    setTimeout(() => follow(lost), 5000);
  };
  stream.onopen = () => {
    if (lost) refreshSoon();
    lost = false;
  };
}

// --- what a form answers

function hush(form) {
  form.parentElement.querySelectorAll(":scope > .answer").forEach((old) => old.remove());
}

function say(form, message) {
  hush(form);
  const note = document.createElement("div");
  note.className = "answer check warn";
  note.setAttribute("role", "alert");
  note.append(Object.assign(document.createElement("p"), { textContent: message }));
  form.after(note);
}

async function decide(form, submitter) {
  const item = form.closest("[data-draft]");
  const body = { revision: Number(item.dataset.revision), slots: {} };
  for (const [name, value] of new FormData(form, submitter)) {
    if (name.startsWith("slot:")) body.slots[name.slice(5)] = value;
    else if (["minutes", "alternative"].includes(name)) body[name] = Number(value);
    else if (name === "arrived") body.arrived = value === "true";
    else if (value || name === "text") body[name] = value;
  }
  const { ok, status, data } = await api("POST", `/api/drafts/${item.dataset.draft}/decisions`, body);
  if (ok) return done(form);
  say(form, data.message);
  if (status === 409) news.hidden = false;
}

// --- what the checks say of words while they are written

let looking = 0;

function remark(field) {
  hush(field.form); // it was about other words
  clearTimeout(looking);
  looking = setTimeout(() => look(field).catch(() => {}), 400);
}

async function look(field) {
  const text = field.value;
  const draft = field.closest("[data-draft]").dataset.draft;
  const { ok, data } = text.trim() ? await api("POST", `/api/drafts/${draft}/remarks`, { text }) : { ok: true };
  if (!ok || field.value !== text) return;
  const kinds = { "check block": data?.stops ?? [], remark: data?.remarks ?? [] };
  const notes = Object.entries(kinds).flatMap(([className, sentences]) =>
    sentences.map((textContent) => Object.assign(document.createElement("p"), { className, textContent })),
  );
  beside(field).replaceChildren(...notes);
}

function beside(field) {
  const next = field.nextElementSibling;
  if (next?.classList.contains("remarks")) return next;
  const made = Object.assign(document.createElement("div"), { className: "remarks" });
  made.setAttribute("aria-live", "polite");
  field.after(made);
  return made;
}

async function change(form) {
  const post = form.closest("[data-post]").dataset.post;
  const kind = form.dataset.postForm;
  const call = {
    PATCH: () => api("PATCH", `/api/posts/${post}`, { text: form.elements.text.value }),
    DELETE: () => api("DELETE", `/api/posts/${post}`),
    CARD: () => api("POST", `/api/posts/${post}/card`, {}),
  }[kind];
  const { ok, data } = await call();
  return ok ? done(form) : say(form, data.message);
}

function done(form) {
  form.closest(".tools details")?.removeAttribute("open");
  return refresh(true);
}

let replyTo = null;

function answering(id, name) {
  replyTo = id;
  const note = document.getElementById("replying");
  note.hidden = !id;
  note.querySelector("span").textContent = `Replying to ${name}`;
  if (id) document.getElementById("text").focus();
}

async function post(form) {
  const { fan, text } = form.elements;
  const id = `lobby-${fan.value.trim().toLowerCase()}`;
  const body = { channel: form.dataset.channel, author: { id, name: fan.value.trim() }, text: text.value };
  if (replyTo) body.reply_to = replyTo;
  const { ok, data } = await api("POST", "/api/posts", body);
  if (!ok) return say(form, data.message);
  localStorage.setItem("fan", fan.value);
  text.value = "";
  answering(null);
  return refresh(true);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const act = form.id === "composer" ? post : form.dataset.postForm ? change : "decide" in form.dataset ? decide : null;
  if (!act) return;
  event.preventDefault();
  const buttons = form.querySelectorAll("button");
  const { submitter } = event;
  const answer = act(form, submitter);
  for (const button of buttons) button.disabled = true;
  try {
    await answer;
  } catch {
    say(form, "Greenroom did not answer. Is it still running? Nothing was lost; try again.");
  } finally {
    for (const button of buttons) button.disabled = false;
  }
});

document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-decide] textarea[name=text]")) remark(target);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.replyTo) answering(button.dataset.replyTo, button.dataset.replyName);
  else if (button?.closest("#replying")) answering(null);
  else if (button?.closest("#news")) refresh(true);
});

if (csrf) {
  const fan = document.getElementById("fan");
  if (fan) fan.value = localStorage.getItem("fan") || fan.value;
  if (fan && !location.hash) scrollTo(0, document.body.scrollHeight);
  refreshWhenUndoEnds();
  follow();
}
