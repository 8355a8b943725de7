// The team page: ending a session.

import { api } from "./api.js";
import { toast } from "./toast.js";

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-end]");
  if (!button) return;
  const { end, of } = button.dataset;
  const own = "this" in button.dataset;
  const question = own ? "Sign out on this device?" : `End this session of ${of}?`;
  if (!confirm(question)) return;
  button.disabled = true;
  const { ok, status, message } = await api("DELETE", `/team/sessions/${end}`);
  if (ok && own) {
    location.assign("/");
    return;
  }
  if (!ok && status !== 404) {
    button.disabled = false;
    toast(message, { kind: "alert" });
    return;
  }
  const list = button.closest("ul");
  button.closest("[data-session]").remove();
  if (!list.children.length) list.remove();
  document.getElementById("main").focus();
  toast(ok ? "The session has ended." : "This session had ended already.");
});
