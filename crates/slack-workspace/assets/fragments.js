// Fragments that the server rendered: put in place, with what was typed, opened and focused kept.
import { all, body, enhance, focusKey, one, parse, region } from "./dom.js";
import { atBottom, markRead, staying, tellFresh } from "./scroll.js";

const hooks = [];
// Called with a region's name after it was replaced.
export const onRegion = (hook) => hooks.push(hook);

const isTick = (node) => /radio|checkbox/.test(node.type);
const twinOf = (old, fields) => fields.find((node) => node.name === old.name && node.tagName === old.tagName
  && (!isTick(old) || node.value === old.value));
const keepSelect = (old, twin) => {
  const initial = [...old.options].filter((option) => option.defaultSelected).map((option) => option.value);
  const chosen = [...old.selectedOptions];
  if (chosen.map((option) => option.value).join() === (initial.join() || (old.multiple ? "" : old.options[0]?.value))) return;
  for (const option of twin.options) option.selected = false;
  for (const option of chosen) {
    const same = [...twin.options].find((other) => other.value === option.value);
    // What an app offered while one typed is not in the server's markup.
    if (same) same.selected = true; else if (old.dataset.external) twin.append(new Option(option.text, option.value, false, true));
  }
};
const keep = (from, to) => {
  const fields = all("textarea[name], input[name], select[name]", to);
  for (const old of all("textarea[name], input[name], select[name]", from)) {
    if (old.type === "hidden") continue;
    const twin = twinOf(old, fields);
    if (!twin) continue;
    if (isTick(old)) {
      if (old.checked !== old.defaultChecked) twin.checked = old.checked;
    } else if (old.type === "file") {
      if (old.files.length) twin.files = old.files;
    } else if (old.tagName === "SELECT") {
      keepSelect(old, twin);
    } else if (old.value !== old.defaultValue) {
      twin.value = old.value;
    }
  }
  all("details", from).forEach((old, index) => {
    const twin = all("details", to)[index];
    if (old.open && twin) twin.open = true;
  });
};

// A view that lies on another is a form of its own, whatever its fields are called.
const viewOf = (node) => one("[data-view-id]", node)?.dataset.viewId;
const swap = (old, fresh) => {
  const isSame = viewOf(old) === viewOf(fresh);
  const active = document.activeElement;
  const key = isSame && (old === active || old.contains(active)) ? focusKey(active) : "";
  const range = key && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
  if (isSame) keep(old, fresh);
  old.replaceWith(fresh);
  enhance(fresh);
  if (!key) return;
  const again = fresh.matches(key) ? fresh : one(key, fresh);
  again?.focus({ preventScroll: true });
  if (range && range[0] !== null && again) try { again.setSelectionRange(...range); } catch { /* not a text */ }
};

const putWhole = (target, update) => {
  if (target.dataset.version === update.version) return;
  const copy = target.cloneNode(false);
  copy.dataset.version = update.version;
  copy.append(parse(update.html));
  swap(target, copy);
};
const putList = (target, update) => {
  const have = new Map([...target.children].map((node) => [node.dataset.key, node]));
  let previous = null;
  let added = 0;
  for (const [key, version] of update.order) {
    let node = have.get(key);
    have.delete(key);
    if (!node || node.dataset.version !== version) {
      const drawn = parse(update.items[key] || "").firstElementChild;
      if (drawn) {
        if (node) swap(node, drawn); else {
          enhance(drawn);
          if (drawn.dataset.ts) added += 1;
        }
        node = drawn;
      }
    }
    if (!node) continue;
    const next = previous ? previous.nextElementSibling : target.firstElementChild;
    if (next !== node) target.insertBefore(node, next);
    previous = node;
  }
  for (const node of have.values()) {
    if (node.contains(document.activeElement)) one("#composer")?.focus({ preventScroll: true });
    node.remove();
  }
  return added;
};

export const receive = (update) => {
  const target = region(update.region);
  if (!target) return;
  const wasAtBottom = atBottom();
  if (update.order) {
    const isWatched = wasAtBottom && !document.hidden;
    const mark = one(":scope > .unread-mark", target);
    const added = staying(target, () => putList(target, update));
    // What comes while one looks on is not marked as new.
    const drawn = one(":scope > .unread-mark", target);
    if (drawn) drawn.hidden = mark ? mark.hidden : isWatched;
    if (update.region === "messages") {
      tellFresh(isWatched ? 0 : added);
      markRead();
    }
  } else {
    // What grows below a conversation must not push its end out of sight.
    const box = one(".pane .scroll");
    const wasAtEnd = update.region === "agent" && box && atBottom(box);
    putWhole(target, update);
    if (wasAtEnd) box.scrollTop = box.scrollHeight;
  }
  hooks.forEach((hook) => hook(update.region));
};

// Live: the server sends whole fragments with their versions.
export const live = () => {
  if (!body.dataset.live) return;
  const source = new EventSource(body.dataset.live);
  let timer = 0;
  const offline = (is) => { const node = one("[data-offline]"); if (node) node.hidden = !is; };
  source.addEventListener("region", (event) => receive(JSON.parse(event.data)));
  source.addEventListener("reload", () => location.reload());
  source.onopen = () => { clearTimeout(timer); offline(false); };
  source.onerror = () => { clearTimeout(timer); timer = setTimeout(() => offline(true), 1200); };
  addEventListener("pagehide", () => source.close());
};
