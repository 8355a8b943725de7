// Short messages near the thumb. One with an action (Undo) stays until its time is over, also when others follow.

import { make } from "./api.js";

const MOST = 4;
const SECONDS = 6;

const place = document.getElementById("toasts");
const shown = []; // oldest first

/**
 * Shows a message.
 * @param {string} sentence
 * @param {{seconds?: number, action?: string, run?: () => void, kind?: "alert" | ""}} [options]
 *   `action` is the label of a button that calls `run` once and closes the message; the seconds left stand beside it
 * @returns {{close: () => void}}
 */
export function toast(sentence, { seconds = SECONDS, action, run, kind = "" } = {}) {
  const end = performance.now() + seconds * 1000;
  const left = make("span", { className: "left", ariaHidden: "true" });
  const button = action && make("button", { type: "button", className: "primary" }, action);
  const words = make("p", { dir: "auto" }, sentence);
  const box = make("div", { className: `toast ${kind}` }, words, button && left, button);
  const one = { run: action ? () => (close(), run()) : null, close };
  const timer = setInterval(tick, 250);

  function tick() {
    const rest = Math.ceil((end - performance.now()) / 1000);
    if (rest <= 0) close();
    else left.textContent = `${rest} s`;
  }
  function close() {
    clearInterval(timer);
    box.remove();
    if (shown.includes(one)) shown.splice(shown.indexOf(one), 1);
  }
  button?.addEventListener("click", () => one.run());
  shown.push(one);
  if (shown.length > MOST) (shown.find((each) => !each.run) ?? shown[0]).close();
  tick();
  place.append(box);
  return one;
}

/** Presses the button of the newest message that has one; false when there is none. */
export function runNewest() {
  const newest = shown.findLast((one) => one.run);
  newest?.run();
  return Boolean(newest);
}
