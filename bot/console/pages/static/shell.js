// What every page of a manager has: it wakes up once its scripts have run, signs people out, and closes menus.

import { api } from "./api.js";

// The browser says this when all scripts of the page have run.
document.addEventListener("DOMContentLoaded", () => {
  for (const part of document.querySelectorAll("[inert]")) part.inert = false;
});

document.addEventListener("click", async ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
  const button = target.closest("[data-signout]");
  if (!button) return;
  const { ok, message } = await api("POST", button.dataset.signout);
  if (ok) {
    location.assign("/");
    return;
  }
  const why = button.parentElement.querySelector("[role=alert]");
  why.textContent = `You are still signed in. ${message}`;
  why.hidden = false;
});

document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
