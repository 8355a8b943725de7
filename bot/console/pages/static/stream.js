// A stream of server-sent events that comes back by itself, and the line that says when it is away.

const AGAIN = 4000; // milliseconds until the next try
const PATIENCE = 1500; // a break shorter than that is not worth a word

const line = document.getElementById("connection");

/**
 * Follows a stream until the page goes. It brings what happened since the page was read, and after a break what was
 * missed.
 * @param {string} address
 * @param {Record<string, (data: any) => void>} handlers by the name of the event; data is parsed JSON
 */
export function follow(address, handlers) {
  let seen = document.querySelector("meta[name=seen]").content; // the number of the newest event that was taken
  let saying = 0;
  let again = 0;
  let stream = null;

  const away = () => {
    clearTimeout(saying);
    saying = setTimeout(() => say("No connection. What you write is kept in this browser."), PATIENCE);
  };
  const open = () => {
    clearTimeout(again);
    stream?.close();
    const one = new EventSource(`${address}?after=${seen}`);
    stream = one;
    for (const [name, handle] of Object.entries(handlers))
      one.addEventListener(name, ({ data, lastEventId }) => {
        if (lastEventId) seen = lastEventId;
        handle(JSON.parse(data));
      });
    one.onopen = () => {
      clearTimeout(saying);
      say("");
    };
    one.onerror = async () => {
      away();
      if (one.readyState !== EventSource.CLOSED) return; // it comes again by itself
      if (await signedOut(address)) {
        clearTimeout(saying);
        say("You are signed out. What you wrote is kept in this browser. ", "/inbox", "Sign in again");
      } else if (stream === one) again = setTimeout(open, AGAIN);
    };
  };
  addEventListener("offline", away);
  // The old stream may have outlived the break and never open again, or be dead without knowing it.
  addEventListener("online", open);
  open();
}

async function signedOut(address) {
  const stop = new AbortController();
  try {
    return (await fetch(address, { signal: stop.signal })).status === 401;
  } catch {
    return false;
  } finally {
    stop.abort();
  }
}

function say(sentence, href, label) {
  line.replaceChildren(sentence);
  if (href) line.append(Object.assign(document.createElement("a"), { href, textContent: label }));
  line.hidden = !sentence;
}
