// While one types @, #, : or a command, the server offers what it may become.
import { all, body, parse } from "./dom.js";

const list = document.createElement("ul");
list.id = "completions";
list.className = "combo-list completions";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Completions");
list.hidden = true;

let box = null;
let range = null;
let turn = 0;

const wordAt = (node) => {
  const before = node.value.slice(0, node.selectionStart);
  // A command stands at the beginning of a message; the others begin a word.
  return /^\/\S*$/.exec(before)?.[0] || /(?:^|[\s(])([@#][\p{L}\p{N}._-]*|:[a-z0-9_+-]{2,})$/u.exec(before)?.[1] || "";
};
const close = () => {
  list.hidden = true;
  turn += 1;
  box?.removeAttribute("aria-activedescendant");
  box?.setAttribute("aria-expanded", "false");
};
const options = () => all("[role=option]", list);
const point = (option) => {
  options().forEach((node) => {
    node.classList.toggle("active", node === option);
    node.setAttribute("aria-selected", String(node === option));
  });
  box.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};
const offer = async (node) => {
  const word = wordAt(node);
  if (!word) { close(); return; }
  const mine = turn += 1;
  const answer = await fetch(`${body.dataset.complete}${body.dataset.complete.includes("?") ? "&" : "?"}q=${encodeURIComponent(word)}`,
    { headers: { "x-fragment": "1" }, credentials: "same-origin" }).catch(() => null);
  if (mine !== turn || !answer?.ok) return;
  const { html } = await answer.json();
  if (mine !== turn || document.activeElement !== node) return;
  list.replaceChildren(parse(html));
  if (!options().length) { close(); return; }
  box = node;
  range = [node.selectionStart - word.length, node.selectionStart];
  options().forEach((option, index) => { option.id = `completion-${index}`; });
  node.parentElement.append(list);
  node.setAttribute("aria-controls", list.id);
  node.setAttribute("aria-expanded", "true");
  list.hidden = false;
  point(options()[0]);
};
const take = (option) => {
  box.setRangeText(option.dataset.insert, ...range, "end");
  close();
  box.focus();
};

document.addEventListener("input", (event) => {
  if (event.target.matches?.("textarea[data-complete]")) offer(event.target);
});
document.addEventListener("keydown", (event) => {
  if (list.hidden || event.target !== box) return;
  const all = options();
  const at = all.findIndex((node) => node.classList.contains("active"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") point(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) take(all[at]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) take(option);
});
document.addEventListener("focusout", (event) => { if (event.target === box) close(); });
