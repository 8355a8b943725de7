// Platforms that do not answer, at the top of every page: a line comes and goes by itself.

import { fragment } from "./api.js";

const LOOK = 10_000; // milliseconds between two looks

const place = document.getElementById("resting");
const named = (lines) => [...lines.querySelectorAll("[data-silent]")].map((line) => line.dataset.silent).join();

/** Shows what is so now. While the same platforms are silent only the numbers change, which nobody has read to them. */
async function look() {
  if (document.hidden) return;
  const made = await fragment("/resting");
  if (!made) return;
  if (named(made) !== named(place)) {
    place.replaceChildren(...made.childNodes);
    return;
  }
  const rests = made.querySelectorAll("span");
  place.querySelectorAll("span").forEach((rest, n) => { rest.textContent = rests[n].textContent; });
}

addEventListener("visibilitychange", look);
setInterval(look, LOOK);
