// Scrolling: whoever is at the end stays there, whoever reads further up is not moved.
// What was seen at the end counts as read.
import { all, body, one } from "./dom.js";

export const scroller = one(".scroll[data-main]");
const pill = one("[data-pill]");
const title = document.title;
let fresh = 0;

export const atBottom = (box = scroller) => !box || box.scrollHeight - box.scrollTop - box.clientHeight < 60;
export const toBottom = (box = scroller) => { if (box) box.scrollTop = box.scrollHeight; };
export const staying = (node, change) => {
  const box = node?.closest(".scroll");
  const stays = box && !box.matches(".home") && atBottom(box);
  const result = change();
  if (stays) toBottom(box);
  return result;
};

// The message that the address leads to: the page stays there, not at its end.
const wanted = location.hash.length > 1 ? document.getElementById(location.hash.slice(1))?.closest("[data-ts]") : null;

const keepEnd = (box) => {
  let pinned = !box.contains(wanted);
  box.classList.add("kept");
  if (pinned) toBottom(box);
  box.addEventListener("scroll", () => { pinned = atBottom(box); }, { passive: true });
  new ResizeObserver(() => { if (pinned) toBottom(box); }).observe(box);
};

export const tellFresh = (added = 0) => {
  fresh += added;
  if (atBottom() && !document.hidden) fresh = 0;
  if (pill) {
    pill.hidden = fresh === 0 || atBottom();
    pill.textContent = `${fresh} new ↓`;
  }
  document.title = fresh > 0 ? `(${fresh}) ${title}` : title;
};

let told = "";
export const markRead = () => {
  if (!scroller || document.hidden || !atBottom() || !body.dataset.live) return;
  const newest = all('[data-region="messages"] > [data-ts]').at(-1)?.dataset.ts || "";
  if (newest <= told) return;
  told = newest;
  fetch(body.dataset.read, {
    method: "POST", body: new URLSearchParams({ ts: newest }), headers: { "x-fragment": "1" }, credentials: "same-origin",
  }).catch(() => { told = ""; });
};

export const startScrolling = () => {
  all(".scroll:not(.home)").forEach(keepEnd);
  // A page that was opened with something new in it begins there.
  (wanted || one(".unread-mark"))?.scrollIntoView({ block: "center" });
  scroller?.addEventListener("scroll", () => { tellFresh(); markRead(); }, { passive: true });
  pill?.addEventListener("click", () => { toBottom(); tellFresh(); markRead(); });
  document.addEventListener("visibilitychange", () => { tellFresh(); markRead(); });
  markRead();
};
