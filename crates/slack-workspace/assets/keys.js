// Keys: arrows in lists, Escape closes what is open, Ctrl+K goes elsewhere.
import { all, body, one } from "./dom.js";
import { openSheet } from "./dialogs.js";
import { onRegion } from "./fragments.js";

// Lists whose entries the arrows go through: from, the entries, and whether it is a grid.
const lists = [
  [".sidebar", ".side-link, .side-search, .switcher > summary"],
  ["[data-menu], .menu-list", "a.menu-item, button.menu-item"],
  [".developer .scroll", ".entry summary"],
  [".reactions", ".reaction"],
  [".tabs", "a, button"],
];
const isShown = (node) => node.checkVisibility();
const move = (entries, at, key, columns = 1) => {
  const steps = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 };
  if (key === "Home") return entries[0];
  if (key === "End") return entries.at(-1);
  return entries[Math.min(Math.max(at + steps[key], 0), entries.length - 1)];
};
const inList = (event) => {
  const node = event.target;
  if (node.matches("input, textarea, select")) return false;
  for (const [where, what] of lists) {
    const list = node.closest(where);
    if (!list) continue;
    const entries = all(what, list).filter(isShown);
    const at = entries.indexOf(node);
    if (at < 0) continue;
    move(entries, at, event.key)?.focus();
    return true;
  }
  const grid = node.closest("[data-grid]");
  if (!grid) return false;
  const entries = all("button", grid).filter(isShown);
  const top = entries[0]?.offsetTop;
  const columns = entries.filter((entry) => entry.offsetTop === top).length || 1;
  move(entries, entries.indexOf(node), event.key, columns)?.focus();
  return true;
};

// Messages: one of them is reached by Tab, the others by the arrows.
const messages = (from) => all(".msg[data-ts]", from.closest("ol"));
const rove = () => {
  for (const list of all('[data-region="messages"], [data-region="thread"]')) {
    const entries = all(":scope > .msg[data-ts]", list);
    const current = entries.find((node) => node === document.activeElement) || entries.at(-1);
    entries.forEach((node) => { node.tabIndex = node === current ? 0 : -1; });
  }
};
onRegion((name) => { if (name === "messages" || name === "thread") rove(); });
document.addEventListener("focusin", (event) => { if (event.target.matches(".msg[data-ts]")) rove(); });
rove();
const inMessages = (event) => {
  const node = event.target;
  if (!node.matches(".msg[data-ts]") || !["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return false;
  const entries = messages(node);
  const next = move(entries, entries.indexOf(node), event.key);
  next?.focus();
  return true;
};
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openSheet(body.dataset.goto, document.activeElement);
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (/^Arrow|^Home$|^End$/.test(event.key)) {
    if (inList(event) || inMessages(event)) event.preventDefault();
    return;
  }
  if (event.key === "Escape" && !one("dialog:modal")) escape(event.target);
});
// From the field that narrows a list, down into the list.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" || !event.target.matches?.("[data-filter]")) return;
  const first = all("[data-filtered] :is(a, button, input)").find(isShown);
  if (first) { event.preventDefault(); first.focus(); }
});
// In messages, letters act on the one that has the focus.
document.addEventListener("keydown", (event) => {
  const node = event.target;
  if (!node.matches?.(".msg[data-ts]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const wanted = { t: "Reply in thread", r: "React", m: "More", Enter: "More" }[event.key];
  const tool = wanted && all(".msg-tools a", node).find((link) => link.textContent === wanted);
  if (tool) { event.preventDefault(); tool.click(); }
});

const escape = (from) => {
  const open = one("details.menu[open], details.switcher[open]");
  if (open) {
    open.open = false;
    one("summary", open).focus();
  } else if (from.closest?.(".pane")) one(".pane [data-close-pane]")?.click();
  else if (from.matches?.(".msg")) one("#composer")?.focus();
};
document.addEventListener("click", (event) => {
  for (const open of all("details.menu[open], details.switcher[open]")) if (!open.contains(event.target)) open.open = false;
});
