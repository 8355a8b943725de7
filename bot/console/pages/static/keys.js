// The keyboard, and the menu of all commands. What a key does is what a button does: the menu is made of this one table.

import { make } from "./api.js";
import { cards, goTo, isOpen } from "./card.js";
import { leaveEditor } from "./editor.js";
import { runNewest } from "./toast.js";

const dialog = document.getElementById("commands");
const search = document.getElementById("command");
const list = document.getElementById("command-list");
const PAGES = { Inbox: "/inbox", Lobby: "/lobby", Live: "/live", Templates: "/templates", Team: "/team" };

let inbox; // what inbox.js can do

/** Begins to listen. `functions`: what the page can do. */
export function listen(functions) {
  inbox = functions;
}

const step = (by) => () => {
  const all = cards();
  const place = all.indexOf(inbox.current());
  const next = all[place < 0 ? all.findIndex(isOpen) : place + by] ?? (place < 0 ? all[0] : null);
  if (next) goTo(next);
};

const press = (action, values) => () => {
  const card = inbox.current();
  const wanted = values?.alternative ? `[data-action=approve][data-alternative="${values.alternative}"]` : `[data-action=${action}]`;
  const button = card?.querySelector(`[data-part] ${wanted}`);
  if (button || (card && ALWAYS.includes(action) && isOpen(card))) inbox.act(card, action, button?.dataset ?? {}, button);
};

const ALWAYS = ["snooze", "handover", "reading"]; // behind More on a narrow page

/** A command: its name, its key, and what it does. */
const COMMANDS = [
  ["Next card", "j", step(1)],
  ["Card before", "k", step(-1)],
  ["Send the reply, or answer", "Enter", () => press(inbox.current()?.querySelector("[data-part=actions] [data-action=approve]") ? "approve" : "edit")()],
  ["Send reply 1", "1", press("approve", { alternative: 1 })],
  ["Send reply 2", "2", press("approve", { alternative: 2 })],
  ["Send reply 3", "3", press("approve", { alternative: 3 })],
  ["Edit", "e", press("edit")],
  ["Other wording", "w", press("reword")],
  ["Skip", "s", press("skip")],
  ["Snooze", "z", press("snooze")],
  ["Hand over", "h", press("handover")],
  ["Not this reading", "r", press("reading")],
  ["Around it, notes", "a", press("around")],
  ["I have it", "i", press("open")],
  ["Undo the last decision", "u", runNewest],
  ["Show what is new", "n", () => inbox.showNews()],
  ["Find", "/", () => document.getElementById("find").showModal()],
  ["Commands and keys", "?", () => openMenu()],
];

const isTyping = (element) => element.matches("textarea, select, input:not([type=checkbox], [type=radio])");

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "k") {
    event.preventDefault();
    openMenu();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && key === "Enter" && target.form) {
    event.preventDefault();
    target.form.requestSubmit(target.form.querySelector("button:not([type=button])"));
    return;
  }
  if (key === "Escape") {
    leave(target);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && key !== "j" && key !== "k") return;
  if (isTyping(target) || target.closest("dialog")) return;
  if (key === "Enter" && !target.matches("#cards > article")) return; // a button or link of its own
  const command = COMMANDS.find(([, its]) => its === key);
  if (!command) return;
  event.preventDefault();
  command[2]();
});

function leave(target) {
  const card = target.closest("#cards > article");
  if (!card) return;
  if (target.closest("[data-editor]")) leaveEditor(card);
  inbox.closeTools(card);
  card.focus({ preventScroll: true });
}

// --- the menu

function openMenu() {
  search.value = "";
  fill();
  if (!dialog.open) dialog.showModal();
  search.focus();
}

dialog.addEventListener("toggle", () => dialog.open && !list.childElementCount && fill());

function fill() {
  const words = search.value.trim().toLowerCase();
  const all = [
    ...COMMANDS.filter(([, key]) => key !== "?"),
    ...[...document.querySelectorAll(".tabs a")].map((tab) => [`View: ${tab.firstChild.textContent.trim()}`, "", () => tab.click()]),
    ...Object.entries(PAGES).map(([name, address]) => [`Page: ${name}`, "", () => location.assign(address)]),
  ];
  list.replaceChildren(
    ...all
      .filter(([name]) => name.toLowerCase().includes(words))
      .map(([name, key, run]) => {
        const button = make("button", { type: "button", className: "quiet spread wide" }, name, key && make("kbd", {}, key));
        button.addEventListener("click", () => (dialog.close(), run()));
        return make("li", {}, button);
      }),
  );
}

search.addEventListener("input", fill);
dialog.addEventListener("keydown", (event) => {
  const buttons = [...list.querySelectorAll("button")];
  const place = buttons.indexOf(document.activeElement);
  if (event.key === "Enter" && event.target === search) buttons[0]?.click();
  else if (event.key === "ArrowDown") (buttons[place + 1] ?? buttons[0])?.focus();
  else if (event.key === "ArrowUp") (buttons[place - 1] ?? search).focus();
  else return;
  event.preventDefault();
});
