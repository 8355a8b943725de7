// The board of what was heard: naming, passing on, merging, marking. After each the board is asked for anew.

import { api, fragment } from "./api.js";
import { toast } from "./toast.js";

const board = document.getElementById("topics");
const drafts = (number) => (number === 1 ? "1 draft waits in the inbox." : `${number} drafts wait in the inbox.`);

const SAID = {
  name: () => "Named.",
  team: () => "Passed on.",
  merge: () => "Merged.",
  mark: ({ drafts: number }) => (number ? `Marked. ${drafts(number)}` : "Marked. Nobody is left to be told."),
};
const ASKS = {
  name: (form) => ["PUT", "name", { name: form.get("name") }],
  team: (form) => ["PUT", "team", { team: form.get("team") || null }],
  merge: (form) => ["POST", "merge", { into: form.get("into") }],
  mark: (form) => ["PUT", "mark", { state: form.get("state"), name: form.get("name"), reason: form.get("reason") }],
};

async function run(topic, button, method, path, body, said) {
  const why = topic.querySelector("[data-answer]");
  why.hidden = true;
  button.disabled = true;
  const { ok, data, message } = await api(method, path, body);
  button.disabled = false;
  if (!ok) {
    why.textContent = message;
    why.hidden = false;
    return;
  }
  toast(said(data));
  const fresh = await fragment(`/heard/topics?state=${board.dataset.state}`);
  if (!fresh) return;
  board.replaceChildren(fresh);
  (document.getElementById(topic.id) ?? document.getElementById("main")).focus();
}

board.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const topic = form.closest("[data-topic]");
  const [method, path, body] = ASKS[form.dataset.do](new FormData(form));
  const address = `/heard/topics/${topic.dataset.topic}/${path}`;
  run(topic, form.querySelector("button"), method, address, body, SAID[form.dataset.do]);
});

board.addEventListener("click", ({ target }) => {
  const split = target.closest("[data-split]");
  const unmark = target.closest("[data-unmark]");
  const topic = target.closest("[data-topic]");
  if (split) {
    const said = () => "It is a topic of its own now. Merge it with another one if it belongs there.";
    run(topic, split, "PUT", `/heard/posts/${split.dataset.split}/topic`, { topic_id: null }, said);
  } else if (unmark) {
    const said = ({ drafts: number }) => (number ? `Open again. ${number} withdrawn.` : "Open again.");
    run(topic, unmark, "DELETE", `/heard/topics/${topic.dataset.topic}/mark`, undefined, said);
  }
});
