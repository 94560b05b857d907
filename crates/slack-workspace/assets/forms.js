// Forms are sent without leaving the page. Pressed buttons stay pressed until the app has answered.
import { all, one, onMarkup, parse, toast } from "./dom.js";
import { closeSheet, rememberOpener } from "./dialogs.js";
import { onRegion, receive } from "./fragments.js";
import { staying, toBottom } from "./scroll.js";

// Keyed by surface and element, so that a redrawn message keeps them pressed.
const pending = new Set();
const surfaceOf = (node) => node.closest("[data-surface]")?.dataset.surface || "";
const keyOf = (node) => `${surfaceOf(node)} ${node.dataset.press || node.dataset.acts || ""}`;
const paintPending = (root = document) => {
  for (const node of all("[data-press], [data-acts]", root)) {
    if (pending.has(keyOf(node))) node.setAttribute("aria-busy", "true"); else node.removeAttribute("aria-busy");
  }
};

export const say = (surface, html) => {
  const form = surface && all("[data-surface]").find((node) => node.dataset.surface === surface);
  const status = form && one("[data-status]", form);
  if (status) staying(status, () => status.replaceChildren(parse(html))); else if (html) toast(parse(html).textContent);
};

// A form with files goes as its parts, every other as pairs.
const packed = (form, submitter, extra) => {
  const data = new FormData(form, submitter);
  for (const [name, value] of Object.entries(extra)) data.set(name, value);
  const hasFile = [...data.values()].some((value) => value instanceof File && value.name);
  for (const [name, value] of [...data.entries()]) if (value instanceof File && !value.name) data.delete(name);
  return hasFile ? data : new URLSearchParams(data);
};
export const send = async (form, submitter, extra = {}) => {
  const answer = await fetch(form.action, {
    method: "POST", body: packed(form, submitter, extra), headers: { "x-fragment": "1" }, credentials: "same-origin",
  });
  if (!answer.ok) throw new Error(await answer.text() || `the workspace answered ${answer.status}`);
  return answer.json();
};
const took = (answer, surface) => {
  if (answer.goto) { location.assign(answer.goto); return; }
  if (answer.modal) receive({ region: "modal", ...answer.modal });
  if (answer.note) say(surface, answer.note);
};

export const act = async (form, node, submitter, extra) => {
  const surface = surfaceOf(form);
  const key = keyOf(node);
  if (pending.has(key)) return;
  pending.add(key);
  if (!form.closest("dialog")) rememberOpener(node);
  paintPending();
  say(surface, "");
  try {
    took(await send(form, submitter, extra), surface);
  } catch (error) {
    toast(`That was not sent: ${error.message}`);
  } finally {
    pending.delete(key);
    paintPending();
  }
};

const confirmFirst = (node, go) => {
  const dialog = node.dataset.confirm && document.getElementById(node.dataset.confirm);
  if (!dialog) return false;
  dialog.showModal();
  const yes = one("[data-testid=confirm-yes]", dialog);
  const done = (event) => {
    event.preventDefault();
    event.stopPropagation();
    dialog.close();
    go();
  };
  yes.addEventListener("click", done, { once: true });
  dialog.addEventListener("close", () => { yes.removeEventListener("click", done); node.focus(); }, { once: true });
  return true;
};

// The message box.
const post = async (form) => {
  const box = one("textarea", form);
  const attach = one("[data-attach]", form);
  const text = box.value;
  if (!text.trim() && !attach?.files.length) { box.focus(); return; }
  const data = packed(form, null, { text });
  box.value = "";
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { "x-fragment": "1" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(await answer.text() || `the workspace answered ${answer.status}`);
    if (attach) { attach.value = ""; attach.dispatchEvent(new Event("change", { bubbles: true })); }
    for (const tick of all("input[type=checkbox]", form)) tick.checked = false;
    const told = await answer.json();
    if (told.note) toast(parse(told.note).textContent);
    toBottom(form.closest(".room, .pane")?.querySelector(".scroll"));
  } catch (error) {
    box.value = text;
    toast(`Your message was not sent: ${error.message}`);
  }
};

// A sheet closes when its deed is done; what went wrong is told in it.
const sendSheet = async (form, submitter) => {
  try {
    const answer = await send(form, submitter);
    if (!answer.note) closeSheet();
    took(answer, "");
  } catch (error) {
    toast(`That was not done: ${error.message}`);
  }
};

const setTheme = (theme) => {
  document.documentElement.dataset.theme = theme;
  // Remembered in a cookie, so that the server draws the next page in it at once.
  document.cookie = `countersign_theme=${theme}; path=/; max-age=31536000; samesite=strict`;
  all("[data-theme-now]").forEach((node) => { node.textContent = { auto: "System", light: "Light", dark: "Dark" }[theme]; });
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  const kind = form.dataset.fetch;
  if (!kind) return;
  event.preventDefault();
  const submitter = event.submitter;
  if (kind === "theme") { setTheme(submitter.value); return; }
  if (kind === "post") { post(form); return; }
  if (kind === "sheet") { sendSheet(form, submitter); return; }
  if (!submitter && kind === "kit") return;
  const node = submitter || form;
  node.closest("details.menu")?.removeAttribute("open");
  const key = node.dataset?.press;
  if (confirmFirst(node, () => act(form, node, null, { press: key, confirmed: key }))) return;
  act(form, node, submitter);
});

// Elements of which the app hears at once: chosen, or typed in.
const dispatch = (node) => {
  const go = () => act(node.form, node, null, { press: node.dataset.acts, confirmed: node.dataset.acts });
  if (!confirmFirst(node, go)) go();
};
document.addEventListener("change", (event) => {
  const node = event.target;
  if (!node.dataset?.acts || node.dataset.when || !node.form?.dataset.fetch) return;
  dispatch(node);
});
let typing = 0;
document.addEventListener("input", (event) => {
  const node = event.target;
  if (!/character|both/.test(node.dataset?.when || "")) return;
  clearTimeout(typing);
  typing = setTimeout(() => dispatch(node), 400);
});
document.addEventListener("keydown", (event) => {
  const node = event.target;
  if (event.key !== "Enter" || event.isComposing || !/enter|both/.test(node.dataset?.when || "")) return;
  if (node.tagName === "TEXTAREA" && event.shiftKey) return;
  event.preventDefault();
  dispatch(node);
});

document.addEventListener("click", (event) => {
  const node = event.target.closest("[data-copy], a[data-press]");
  if (!node) return;
  if (node.matches("[data-copy]")) copy(node);
  else if (node.closest("form")) act(node.closest("form"), node, null, { press: node.dataset.press, confirmed: node.dataset.press });
});
const copy = async (button) => {
  try {
    await navigator.clipboard.writeText(one("pre", button.parentElement).innerText);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
};

onMarkup((root) => {
  all("[data-copy], [data-script]", root).forEach((node) => { node.hidden = false; });
  paintPending(root);
});
onRegion(() => paintPending());

