// The workspace's page. The server renders every fragment; this script puts them in place,
// sends forms without leaving the page, and looks after focus. Without it everything still works.
"use strict";
(() => {
  const body = document.body;
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const region = (name) => one(`[data-region="${name}"]`);
  const parse = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };

  // Times: what happened within the hour is told relative to now.
  const tellTime = (time) => {
    const at = Date.parse(time.dateTime);
    const minutes = Math.floor((Date.now() - at) / 60000);
    if (!time.dataset.clock) time.dataset.clock = time.textContent;
    const text = minutes < 0 || minutes >= 60 || time.closest(".gutter") ? time.dataset.clock
      : minutes < 1 ? "just now" : `${minutes} min ago`;
    if (time.textContent !== text) time.textContent = text;
  };
  const enhance = (root) => {
    all("time", root).forEach(tellTime);
    all("[data-copy]", root).forEach((button) => { button.hidden = false; });
  };
  setInterval(() => all("time").forEach(tellTime), 20000);

  // Theme: remembered in a cookie, so that the server draws the next page in it at once.
  const setTheme = (theme) => {
    document.documentElement.dataset.theme = theme;
    document.cookie = `countersign_theme=${theme}; path=/; max-age=31536000; samesite=strict`;
    all("[data-theme-now]").forEach((node) => { node.textContent = { auto: "System", light: "Light", dark: "Dark" }[theme]; });
  };

  // Unread marks: per person and conversation, the latest message seen.
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* storage may be off */ } };
  const recall = (key) => { try { return localStorage.getItem(key) || ""; } catch { return ""; } };
  const markUnread = () => {
    for (const link of all("[data-channel-link]")) {
      const key = `read:${body.dataset.user}:${link.dataset.channelLink}`;
      const latest = link.dataset.latest || "";
      if (link.hasAttribute("aria-current") && !document.hidden) remember(key, latest);
      const unread = !link.hasAttribute("aria-current") && latest > recall(key);
      link.classList.toggle("unread", unread);
      const told = one("[data-unread-told]", link);
      if (told) told.textContent = unread ? " (unread)" : "";
    }
  };

  // Scrolling: whoever is at the end stays there, whoever reads further up is not moved.
  const scroller = one(".scroll[data-main]");
  const pill = one("[data-pill]");
  const title = document.title;
  let fresh = 0;
  const atBottom = (box = scroller) => !box || box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  const toBottom = (box = scroller) => { if (box) box.scrollTop = box.scrollHeight; };
  const staying = (node, change) => {
    const box = node?.closest(".scroll");
    const stays = box && atBottom(box);
    const result = change();
    if (stays) toBottom(box);
    return result;
  };
  const keepEnd = (box) => {
    let pinned = true;
    box.classList.add("kept");
    toBottom(box);
    box.addEventListener("scroll", () => { pinned = atBottom(box); }, { passive: true });
    new ResizeObserver(() => { if (pinned) toBottom(box); }).observe(box);
  };
  const tellFresh = () => {
    if (atBottom() && !document.hidden) fresh = 0;
    if (pill) {
      pill.hidden = fresh === 0 || atBottom();
      pill.textContent = `${fresh} new ↓`;
    }
    document.title = fresh > 0 ? `(${fresh}) ${title}` : title;
  };

  // Pressed buttons: keyed by surface and element, so that a redrawn message keeps them pressed.
  const pending = new Set();
  const surfaceOf = (node) => node.closest("[data-surface]")?.dataset.surface || "";
  const keyOf = (node) => `${surfaceOf(node)} ${node.dataset.press || node.dataset.acts || ""}`;
  const paintPending = (root = document) => {
    for (const node of all("[data-press], [data-acts]", root)) {
      const busy = pending.has(keyOf(node));
      if (busy) node.setAttribute("aria-busy", "true"); else node.removeAttribute("aria-busy");
    }
  };
  const say = (surface, html) => {
    const form = all("[data-surface]").find((node) => node.dataset.surface === surface);
    const status = form && one("[data-status]", form);
    if (status) staying(status, () => status.replaceChildren(parse(html))); else if (html) toast(parse(html).textContent);
  };
  let toastTimer = 0;
  const toast = (text) => {
    const node = one("[data-toast]");
    node.textContent = text;
    node.hidden = false;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { node.hidden = true; }, 6000);
  };

  // Fragments: what was typed, opened and focused survives a redraw.
  const keep = (from, to) => {
    for (const old of all("textarea[name], input[name], select[name]", from)) {
      if (old.type === "hidden") continue;
      const twin = all("textarea[name], input[name], select[name]", to)
        .find((node) => node.name === old.name && (!/radio|checkbox/.test(old.type) || node.value === old.value));
      if (!twin) continue;
      if (/radio|checkbox/.test(old.type)) {
        if (old.checked !== old.defaultChecked) twin.checked = old.checked;
      } else if (old.multiple) {
        for (const option of twin.options) option.selected = [...old.selectedOptions].some((o) => o.value === option.value);
      } else if (old.value !== (old.tagName === "SELECT" ? [...old.options].find((o) => o.defaultSelected)?.value ?? "" : old.defaultValue)) {
        twin.value = old.value;
      }
    }
    all("details", from).forEach((old, index) => {
      const twin = all("details", to)[index];
      if (old.open && twin) twin.open = true;
    });
  };
  const focusKey = (node) => node && (node.id ? `#${CSS.escape(node.id)}` : node.name && node.value !== undefined && node.type !== "hidden"
    ? `[name="${CSS.escape(node.name)}"]${node.type === "submit" ? `[value="${CSS.escape(node.value)}"]` : ""}`
    : node.getAttribute?.("href") ? `[href="${CSS.escape(node.getAttribute("href"))}"]` : node.tagName === "SUMMARY" ? "summary" : "");
  // A view that lies on another is a form of its own, whatever its fields are called.
  const viewOf = (node) => one("[data-view-id]", node)?.dataset.viewId;
  const swap = (old, fresh) => {
    const isSame = viewOf(old) === viewOf(fresh);
    const key = isSame && old.contains(document.activeElement) ? focusKey(document.activeElement) : "";
    if (isSame) keep(old, fresh);
    old.replaceWith(fresh);
    if (key) one(key, fresh)?.focus({ preventScroll: true });
  };
  const putWhole = (target, update) => {
    if (target.dataset.version === update.version) return;
    const copy = target.cloneNode(false);
    copy.dataset.version = update.version;
    copy.append(parse(update.html));
    swap(target, copy);
    enhance(copy);
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
          enhance(drawn);
          if (node) swap(node, drawn); else if (drawn.dataset.ts) added += 1;
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
  const receive = (update) => {
    const target = region(update.region);
    if (!target) return;
    const wasAtBottom = atBottom();
    if (update.order) {
      const added = staying(target, () => putList(target, update));
      if (update.region === "messages") {
        if (added && (!wasAtBottom || document.hidden)) fresh += added;
        tellFresh();
      }
    } else {
      putWhole(target, update);
      if (update.region === "modal") syncModal();
      if (update.region === "sidebar") markUnread();
    }
    paintPending();
  };

  // Modals: opened over the page, focus kept inside and given back.
  let opener = null;
  let restore = "";
  const syncModal = () => {
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
    dialog.removeAttribute("open");
    dialog.showModal();
    const first = one("[aria-invalid=true]", dialog) || (key && one(key, dialog)) || one("[autofocus]", dialog)
      || one(".dialog-body :is(input:not([type=hidden]), textarea, select), .dialog-foot .btn-primary, .dialog-foot .btn", dialog);
    first?.focus({ preventScroll: true });
  };
  const closeView = (event) => {
    const close = one("form[data-close]", event.target);
    if (!close) return;
    event.preventDefault();
    close.requestSubmit();
  };
  // Browsers let a second Escape close a dialog at once: the app has to hear of that too.
  document.addEventListener("cancel", closeView, true);
  document.addEventListener("close", closeView, true);

  // Forms.
  const send = async (form, submitter, extra = {}) => {
    const data = new URLSearchParams(new FormData(form, submitter));
    for (const [name, value] of Object.entries(extra)) data.set(name, value);
    const answer = await fetch(form.action, {
      method: "POST", body: data, headers: { "x-fragment": "1" }, credentials: "same-origin",
    });
    if (!answer.ok) throw new Error(await answer.text() || `the workspace answered ${answer.status}`);
    return answer.json();
  };
  const act = async (form, node, submitter, extra) => {
    const surface = surfaceOf(form);
    const key = keyOf(node);
    if (pending.has(key)) return;
    pending.add(key);
    if (!form.closest("dialog")) opener = node;
    paintPending();
    say(surface, "");
    try {
      const answer = await send(form, submitter, extra);
      if (answer.modal) receive({ region: "modal", ...answer.modal });
      if (answer.note) say(surface, answer.note);
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
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const kind = form.dataset.fetch;
    if (!kind) return;
    event.preventDefault();
    const submitter = event.submitter;
    if (kind === "theme") return setTheme(submitter.value);
    if (kind === "post") return post(form);
    if (!submitter && kind === "kit") return;
    const node = submitter || form;
    node.closest("details.menu")?.removeAttribute("open");
    const key = node.dataset?.press;
    if (confirmFirst(node, () => act(form, node, null, { press: key, confirmed: key }))) return;
    act(form, node, submitter);
  });
  document.addEventListener("change", (event) => {
    const node = event.target;
    const form = node.form;
    if (!node.dataset?.acts || !form?.dataset.fetch) return;
    const go = () => act(form, node, null, { press: node.dataset.acts, confirmed: node.dataset.acts });
    if (!confirmFirst(node, go)) go();
  });
  document.addEventListener("click", (event) => {
    const node = event.target.closest("[data-dismiss], [data-copy], a[data-press], [data-pill]");
    if (!node) return;
    if (node.matches("[data-dismiss]")) node.closest("dialog").close();
    else if (node.matches("[data-copy]")) copy(node);
    else if (node.matches("[data-pill]")) { fresh = 0; toBottom(); tellFresh(); }
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

  // The message box: Enter sends, Shift+Enter begins a new line.
  const post = async (form) => {
    const box = one("textarea", form);
    const text = box.value;
    if (!text.trim()) return;
    box.value = "";
    try {
      const data = { text };
      const answer = await send(form, null, data);
      if (answer.note) toast(parse(answer.note).textContent);
      if (form.closest(".room")) toBottom();
    } catch (error) {
      box.value = text;
      toast(`Your message was not sent: ${error.message}`);
    }
  };
  document.addEventListener("keydown", (event) => {
    const box = event.target;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && box.matches?.(".composer textarea")) {
      event.preventDefault();
      box.form.requestSubmit();
    }
    if (event.key === "Escape" && !one("dialog:modal")) {
      const open = one("details.menu[open], details.switcher[open]");
      if (open) {
        open.open = false;
        one("summary", open).focus();
      } else box.closest?.(".pane") && one(".pane [data-close-pane]")?.click();
    }
  });
  document.addEventListener("click", (event) => {
    for (const open of all("details.menu[open], details.switcher[open]")) if (!open.contains(event.target)) open.open = false;
  });

  // Live: the server sends whole fragments with their versions.
  const live = () => {
    if (!body.dataset.live) return;
    const source = new EventSource(body.dataset.live);
    const offline = one("[data-offline]");
    let timer = 0;
    source.addEventListener("region", (event) => receive(JSON.parse(event.data)));
    source.addEventListener("reload", () => location.reload());
    source.onopen = () => { clearTimeout(timer); if (offline) offline.hidden = true; };
    source.onerror = () => { clearTimeout(timer); timer = setTimeout(() => { if (offline) offline.hidden = false; }, 1200); };
    addEventListener("pagehide", () => source.close());
  };

  enhance(document);
  all(".scroll").forEach(keepEnd);
  markUnread();
  syncModal();
  scroller?.addEventListener("scroll", tellFresh, { passive: true });
  document.addEventListener("visibilitychange", () => { markUnread(); tellFresh(); });
  live();
})();
