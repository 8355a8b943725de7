// Talks to the server, and says in a sentence what went wrong.

const csrf = document.querySelector("meta[name=csrf]")?.content;
const NO_ANSWER = "Greenroom does not answer. Nothing was lost; try again in a moment.";

/** The key of the manager who is signed in. */
export const me = document.querySelector("meta[name=me]")?.content;

/**
 * Asks the server. Never throws: without an answer `status` is 0. `message` is a sentence for a person.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] sent as JSON
 * @param {{key?: string, keepalive?: boolean}} [options] `key`: the same key gets the first answer again
 * @returns {Promise<{ok: boolean, status: number, data: any, message: string}>}
 */
export async function api(method, path, body, { key, keepalive } = {}) {
  const headers = {
    "X-CSRF-Token": csrf,
    ...(body !== undefined && { "Content-Type": "application/json" }),
    ...(key && { "Idempotency-Key": key }),
  };
  try {
    const answer = await fetch(path, { method, headers, keepalive, body: body && JSON.stringify(body) });
    const text = await answer.text();
    const isJson = answer.headers.get("Content-Type")?.includes("json");
    const data = isJson && text ? JSON.parse(text) : text;
    return { ok: answer.ok, status: answer.status, data, message: answer.ok ? "" : (data?.message ?? NO_ANSWER) };
  } catch {
    return { ok: false, status: 0, data: null, message: NO_ANSWER };
  }
}

/**
 * A part of a page that the server made, as elements; null where there was no good answer.
 * @param {string} path
 * @returns {Promise<DocumentFragment | null>}
 */
export async function fragment(path) {
  const { ok, data } = await api("GET", path);
  return ok ? parsed(data) : null;
}

/** The browser makes HTML of what passes here, and refuses any other text (the header `trusted-types server`). */
const server = globalThis.trustedTypes?.createPolicy("server", { createHTML: (html) => html });

/** A page, or a part of one, as a document. Nothing but HTML that the server made may be given to it. */
export function page(html) {
  return new DOMParser().parseFromString(server ? server.createHTML(html) : html, "text/html");
}

/** The same as elements. */
export function parsed(html) {
  const made = document.createDocumentFragment();
  made.append(...page(html).body.childNodes);
  return made;
}

/**
 * An element: `make("p", { className: "meta" }, "words")`. Children that are strings become text, never HTML.
 */
export function make(tag, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, dataset);
  element.append(...children.filter((child) => child != null));
  return element;
}
