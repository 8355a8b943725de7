// The templates pages: a search that answers while one types, a post to try, and what the linter says.

import { api, fragment, make, parsed } from "./api.js";

const REST = 200; // milliseconds without a key before the search asks
const LOOK = 3000; // milliseconds between two looks at what the linter says

const search = document.getElementById("search");
const form = document.getElementById("try");
const findings = document.getElementById("findings");

// What is chosen may stand outside of what is seen: in the tabs on a phone, in the list at a desk.
for (const chosen of document.querySelectorAll(".tabs [aria-current], #list [aria-current]")) {
  const box = chosen.closest(".tabs, #list");
  if (!box.checkVisibility()) continue;
  const [inner, outer] = [chosen.getBoundingClientRect(), box.getBoundingClientRect()];
  box.scrollBy(Math.max(0, inner.right - outer.right), Math.max(0, inner.bottom - outer.bottom + outer.height / 2));
}

// --- the search

if (search) {
  const list = document.getElementById("list");
  let timer = 0;
  let asked = 0;

  const look = async () => {
    clearTimeout(timer);
    const number = ++asked;
    const made = await fragment(`/templates/list?${new URLSearchParams(new FormData(search))}`);
    if (made && number === asked) list.replaceChildren(made); // an older answer may come later
  };
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, REST);
  });
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
}

// --- a post to try

if (form) {
  const outcome = document.getElementById("outcome");
  const problem = document.getElementById("problem");
  const button = form.querySelector("button");
  const said = (name) => form.querySelector(`#${name}`).value;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    const body = { text: said("text"), name: said("name"), channel: said("channel") };
    const { ok, data, message } = await api("POST", "/templates/preview", body);
    button.disabled = false;
    problem.textContent = message;
    problem.hidden = ok;
    outcome.replaceChildren(...(ok ? [parsed(data)] : []));
    if (!ok) return;
    outcome.scrollIntoView({ block: "nearest" });
    outcome.focus({ preventScroll: true });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

// --- what the linter says

if (findings) {
  let shown = "";

  const look = async () => {
    if (!document.hidden) {
      const { ok, data, message } = await api("GET", "/templates/check/findings");
      const isSelected = !getSelection().isCollapsed && findings.contains(getSelection().anchorNode);
      if (ok && data !== shown && !isSelected) {
        findings.replaceChildren(parsed(data));
        shown = data;
      } else if (!ok && !shown) findings.textContent = message;
    }
    setTimeout(look, LOOK);
  };
  look();
}

// --- patches

for (const patch of document.querySelectorAll("form[data-patch]")) {
  const problem = patch.querySelector("[role=alert]");
  const buttons = patch.querySelectorAll("button");

  patch.addEventListener("submit", async (event) => {
    event.preventDefault();
    const verb = event.submitter.value;
    const body = verb === "take" ? { text: patch.elements.text.value } : undefined;
    for (const button of buttons) button.disabled = true;
    const { ok, data, message } = await api("POST", `/templates/patches/${patch.dataset.patch}/${verb}`, body);
    for (const button of buttons) button.disabled = false;
    problem.textContent = message;
    problem.hidden = ok;
    if (!ok) return;
    const done = verb === "take" ? parsed(data).firstElementChild : make("p", { className: "meta", tabIndex: -1 }, "Dropped. It is not offered again.");
    patch.replaceWith(done);
    done.focus();
  });
}
