// Times: what happened within the hour is told relative to now.
import { all, onMarkup } from "./dom.js";

const tellTime = (time) => {
  const at = Date.parse(time.dateTime);
  const minutes = Math.floor((Date.now() - at) / 60000);
  if (!time.dataset.clock) time.dataset.clock = time.textContent;
  const text = minutes < 0 || minutes >= 60 || time.closest(".gutter") ? time.dataset.clock
    : minutes < 1 ? "just now" : `${minutes} min ago`;
  if (time.textContent !== text) time.textContent = text;
};

onMarkup((root) => all("time", root).forEach(tellTime));
setInterval(() => all("time").forEach(tellTime), 20000);

// Loading messages take turns.
let turn = 0;
const takeTurns = (root = document) => {
  for (const list of all("[data-turns]", root)) {
    const messages = [...list.children];
    messages.forEach((node, index) => { node.hidden = index !== turn % messages.length; });
  }
};
onMarkup(takeTurns);
setInterval(() => { turn += 1; takeTurns(); }, 3000);
