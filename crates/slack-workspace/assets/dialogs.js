// Modals of apps and our own sheets: over the page, focus kept inside and given back.
import { all, body, enhance, focusKey, one, parse, toast } from "./dom.js";
import { onRegion } from "./fragments.js";

let opener = null;
let restore = "";
export const rememberOpener = (node) => { opener = node; };

const fieldIn = ":is(input:not([type=hidden], [hidden]), textarea, select:not([hidden]))";
export const syncModal = () => {
  const dialog = one('[data-region="modal"] dialog');
  if (!dialog) {
    if (restore) (opener?.isConnected ? opener : one(restore))?.focus({ preventScroll: true });
    opener = null;
    restore = "";
    return;
  }
  if (dialog.matches(":modal")) return;
  const active = document.activeElement;
  const key = dialog.contains(active) ? focusKey(active) : "";
  if (!restore) {
    opener = active && active !== body && !dialog.contains(active) ? active : opener;
    restore = (opener && focusKey(opener)) || "#composer";
  }
  closeSheet();
  dialog.removeAttribute("open");
  dialog.showModal();
  const first = one("[aria-invalid=true]", dialog) || (key && one(key, dialog)) || one("[autofocus]", dialog)
    || one(`.dialog-body ${fieldIn}, .dialog-foot .btn-primary, .dialog-foot .btn`, dialog);
  first?.focus({ preventScroll: true });
};
onRegion((name) => { if (name === "modal") syncModal(); });

// Browsers let a second Escape close a dialog at once: the app has to hear of that too.
const closeView = (event) => {
  const close = one("form[data-close]", event.target);
  if (!close) return;
  event.preventDefault();
  close.requestSubmit();
};
document.addEventListener("cancel", closeView, true);
document.addEventListener("close", closeView, true);

// Sheets: links that open over the page instead of leading to a page of their own.
const box = one("[data-sheet-box]");
let sheetOpener = null;
export const closeSheet = () => { if (box?.open) box.close(); };
box?.addEventListener("close", () => {
  one("[data-sheet-body]", box).replaceChildren();
  const back = sheetOpener;
  sheetOpener = null;
  if (back && !one('[data-region="modal"] dialog')) (back.isConnected ? back : one(focusKey(back) || "#composer"))?.focus({ preventScroll: true });
});
export const openSheet = async (address, from) => {
  if (!box) { location.assign(address); return; }
  try {
    const answer = await fetch(address, { headers: { "x-fragment": "1" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error("it is gone");
    const { title, html } = await answer.json();
    one("#sheet-title").textContent = title;
    const inner = one("[data-sheet-body]", box);
    inner.replaceChildren(parse(html));
    enhance(inner);
    if (!box.open) {
      sheetOpener = from;
      box.showModal();
    }
    // What destroys something is never what Enter presses first.
    (one("[autofocus]", inner) || one(`a:is(.menu-item, .btn), button:not(.btn-danger), ${fieldIn}`, inner) || one("[data-dismiss]", box)).focus();
  } catch (error) {
    toast(`This could not be opened: ${error.message}.`);
  }
};
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest("a[data-sheet]");
  if (link) {
    event.preventDefault();
    openSheet(link.href, link);
    return;
  }
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss?.closest("dialog")) {
    event.preventDefault();
    dismiss.closest("dialog").close();
  }
  // A click beside a sheet closes it.
  if (event.target === box) closeSheet();
});

// Search: the answer takes the question's place.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-search]");
  if (!form || !box?.open) return;
  event.preventDefault();
  openSheet(`${form.action.split("?")[0]}?${new URLSearchParams(new FormData(form))}`);
});
// What was found may be on this very page.
addEventListener("hashchange", () => closeSheet());

// A field that narrows the list after it.
document.addEventListener("input", (event) => {
  if (!event.target.matches?.("[data-filter]")) return;
  const wanted = event.target.value.trim().toLowerCase().replace(/^:|:$/g, "");
  const list = one("[data-filtered]", event.target.closest("form, [data-sheet-body]")) || one("[data-filtered]", box);
  if (!list) return;
  let left = 0;
  for (const node of all("[data-name]", list)) {
    node.hidden = !node.dataset.name.toLowerCase().includes(wanted);
    if (!node.hidden) left += 1;
  }
  const none = one("[data-none]", list);
  if (none) none.hidden = left > 0;
});
// Enter takes the first that is left.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("[data-filter]")) return;
  const list = one("[data-filtered]", event.target.closest("form, [data-sheet-body]")) || one("[data-filtered]", box);
  const first = list && all("[data-name]", list).find((node) => !node.hidden);
  if (!first || !event.target.value) { if (!event.target.name) event.preventDefault(); return; }
  event.preventDefault();
  const tick = one("input[type=checkbox]", first);
  if (tick) tick.checked = !tick.checked; else first.click();
});
