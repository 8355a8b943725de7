// The live page: brings each part up to date by itself, so that nothing else moves.

import { fragment } from "./api.js";
import { follow } from "./stream.js";

const POSTS_REST = 1000; // milliseconds between two looks at the posts, however much happens
const FIGURES_REST = 5000;
const SPARED = 9; // times as long as the server worked it is left alone
const AGES_GROW = 30_000; // "waits for 3 min" is wrong after a while, also when nothing happens
const KEPT = 30; // posts in the list

const figures = document.getElementById("figures");
const posts = document.getElementById("posts");
const pause = document.getElementById("pause");
const newer = document.getElementById("newer");
const said = document.getElementById("said");
const given = new WeakMap(); // element -> how the server made it

const isPaused = () => pause.getAttribute("aria-pressed") === "true";

/** Runs `look` soon after it is asked for, never twice at once. The rest between is longer where the server is slow. */
function paced(look, rest) {
  let asked = false;
  let busy = false;
  return async function ask() {
    asked = true;
    if (busy || isPaused() || document.hidden) return;
    busy = true;
    while (asked && !isPaused() && !document.hidden) {
      asked = false;
      const began = performance.now();
      await look();
      const took = performance.now() - began;
      await new Promise((done) => setTimeout(done, Math.max(rest, SPARED * took)));
    }
    busy = false;
    if (asked && !isPaused() && !document.hidden) ask();
  };
}

// --- what a phone folds, and shows at a press

const isNarrow = matchMedia("(max-width: 39.99rem)"); // as in live.css

function foldAll(root) {
  for (const details of root.querySelectorAll(".folded")) details.open = !isNarrow.matches;
}

isNarrow.addEventListener("change", () => foldAll(figures));

for (const button of document.querySelectorAll("[data-shows]"))
  button.addEventListener("click", () => {
    const isShown = posts.toggleAttribute(`data-${button.dataset.shows}`);
    button.setAttribute("aria-pressed", isShown);
  });

// --- putting one part in the place of another

function remember(root) {
  for (const part of root.querySelectorAll("[data-part]")) given.set(part, part.outerHTML);
}

function isHeld(part) {
  const selection = getSelection();
  return !selection.isCollapsed && part.contains(selection.anchorNode);
}

function patch(old, next) {
  const html = next.outerHTML;
  if (given.get(old) === html || isHeld(old)) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const again = focused && (focused.id ? `[id="${focused.id}"]` : focused.localName);
  if (isNarrow.matches) foldAll(next);
  for (const details of next.querySelectorAll("details")) {
    const before = old.querySelector(`[id="${details.id}"]`);
    if (before) details.open = before.open;
  }
  const scrolled = old.querySelector(".table")?.scrollLeft;
  old.replaceWith(next);
  given.set(next, html);
  if (scrolled) next.querySelector(".table").scrollLeft = scrolled;
  if (again) next.querySelector(again)?.focus({ preventScroll: true });
}

// --- the numbers

const lookAtFigures = paced(async () => {
  const made = await fragment(`/live/figures?span=${figures.dataset.span}`);
  if (!made || isPaused()) return;
  for (const part of figures.querySelectorAll("[data-part]")) {
    const next = made.querySelector(`[data-part="${part.dataset.part}"]`);
    if (next) patch(part, next);
  }
}, FIGURES_REST);

// --- the posts

let names = null; // what stands above the hops, until it is put there
let waiting = []; // new rows that would push away what somebody is about to press, newest first

const list = () => posts.querySelector(".travels");
const rowOf = (id) => document.getElementById(`post-${id}`);

/** Whether somebody is at the list: rows that come now wait until they are asked for. */
function isUsed() {
  return (
    posts.matches(":focus-within") ||
    (matchMedia("(hover: hover)").matches && posts.matches(":hover")) ||
    pressed ||
    isHeld(posts) ||
    posts.getBoundingClientRect().top < 0
  );
}

let pressed = false;
addEventListener("pointerdown", ({ target }) => (pressed = posts.contains(target)));
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => (pressed = false));

const lookAtPosts = paced(async () => {
  const shown = [...list().children].map((row) => row.dataset.post);
  const made = await fragment(`/live/posts?shown=${shown.join(",")}`);
  if (!made || isPaused()) return;
  if (!posts.querySelector(".names")) names = made.querySelector(".names");
  const fresh = [];
  for (const next of [...made.querySelectorAll(".travels > li")]) {
    const row = rowOf(next.dataset.post);
    if (!row) fresh.push(next);
    else for (const part of row.querySelectorAll("[data-part]")) patch(part, next.querySelector(`[data-part="${part.dataset.part}"]`));
  }
  waiting = fresh;
  if (isUsed() && shown.length) tellOfWaiting();
  else letIn();
}, POSTS_REST);

function tellOfWaiting() {
  newer.hidden = waiting.length === 0;
  const number = waiting.length < KEPT ? waiting.length : `${KEPT} or more`;
  newer.textContent = `Show ${number} new`;
}

function letIn() {
  for (const row of waiting) {
    remember(row);
    row.classList.add("new");
  }
  if (waiting.length) document.getElementById("no-posts")?.remove();
  if (names) list().before(names);
  names = null;
  list().prepend(...waiting);
  for (const old of [...list().children].slice(KEPT)) old.remove();
  waiting = [];
  tellOfWaiting();
}

newer.addEventListener("click", () => {
  letIn();
  list().firstElementChild.scrollIntoView({ block: "nearest" });
  list().querySelector("a")?.focus({ preventScroll: true });
});

// --- when to look

function look() {
  lookAtPosts();
  lookAtFigures();
}

pause.addEventListener("click", () => {
  const paused = !isPaused();
  pause.setAttribute("aria-pressed", paused);
  said.textContent = paused ? "Paused: nothing on this page changes." : "Live again.";
  look();
});
addEventListener("visibilitychange", look);
setInterval(look, AGES_GROW);
remember(document);
foldAll(figures);
figures.dataset.folded = "";
follow("/live/stream", { changed: look });
