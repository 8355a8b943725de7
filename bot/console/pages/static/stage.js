// The stage page: its tabs, asking two people, and copying the line for a template.

import { api } from "./api.js";
import { toast } from "./toast.js";

async function askBoth(button) {
  const pair = button.closest("[data-pair]");
  const { first, second } = button.dataset;
  button.disabled = true;
  const { ok, message } = await api("POST", "/stage/introductions", { first, second });
  if (ok) {
    pair.remove();
    document.getElementById("main").focus();
    toast("Two questions wait in the inbox.");
    return;
  }
  button.disabled = false;
  const why = pair.querySelector("[role=alert]");
  why.textContent = message;
  why.hidden = false;
}

async function copy(button) {
  const line = button.parentElement.querySelector("[data-line]");
  try {
    await navigator.clipboard.writeText(line.textContent);
    toast("Copied.");
  } catch {
    getSelection().selectAllChildren(line); // the browser lets nobody but the person copy
    toast("The line is marked; copy it with your browser.");
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button?.dataset.first) askBoth(button);
  else if (button && "copy" in button.dataset) copy(button);
});

document.querySelector(".tabs [aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
