// A field with search in front of a long <select>; the select keeps the value.
import { all, body, one, onMarkup, parse } from "./dom.js";

let number = 0;
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined && value !== null) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

class Combo {
  constructor(select) {
    this.select = select;
    this.many = select.multiple;
    this.external = select.hasAttribute("data-external");
    const id = `combo-${number += 1}`;
    const label = select.id && one(`label[for="${CSS.escape(select.id)}"]`, select.form || document);
    this.input = make("input", {
      type: "text", class: "input combo-input", role: "combobox", id: `${select.id}-combo`, autocomplete: "off", spellcheck: "false",
      "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list", placeholder: select.dataset.combo,
      "aria-label": label ? label.textContent.trim() : select.dataset.combo, "aria-invalid": select.getAttribute("aria-invalid"),
      "aria-describedby": select.getAttribute("aria-describedby"), "data-action-id": select.dataset.actionId,
    });
    if (select.autofocus) this.input.setAttribute("autofocus", "");
    this.list = make("ul", { id, class: "combo-list", role: "listbox", "aria-label": select.dataset.combo, hidden: "" });
    if (this.many) this.list.setAttribute("aria-multiselectable", "true");
    this.chips = make("span", { class: "combo-chips" });
    this.told = make("span", { class: "sr", role: "status" });
    this.box = make("span", { class: "combo" }, this.chips, this.input, this.list, this.told);
    select.hidden = true;
    select.combo = this;
    select.after(this.box);
    this.input.addEventListener("input", () => this.search());
    this.input.addEventListener("focus", () => { this.input.select(); });
    this.input.addEventListener("click", () => this.search(true));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => { this.close(); this.paint(); });
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(option);
    });
    this.chips.addEventListener("click", (event) => {
      const chip = event.target.closest("button");
      if (chip) this.drop(chip.value);
    });
    this.paint();
  }

  chosen() { return [...this.select.selectedOptions].filter((option) => option.value !== ""); }

  paint() {
    const chosen = this.chosen();
    if (!this.many) { this.input.value = chosen[0]?.text || ""; return; }
    this.input.value = "";
    this.chips.replaceChildren(...chosen.map((option) => make("button",
      { type: "button", class: "combo-chip", value: option.value, "aria-label": `Remove ${option.text}` }, `${option.text} ✕`)));
  }

  async search(isAll = false) {
    const typed = isAll && !this.many ? "" : this.input.value.trim();
    const turn = this.turn = (this.turn || 0) + 1;
    if (!this.external) { this.show(this.own(typed.toLowerCase())); return; }
    if (typed.length < Number(this.select.dataset.external)) {
      const left = this.select.dataset.external;
      this.say(`Type ${left} or more letters to search.`);
      return;
    }
    this.say("Searching…");
    await new Promise((done) => { setTimeout(done, 200); });
    if (turn !== this.turn) return;
    const form = new FormData(this.select.form);
    const data = new URLSearchParams({ q: typed, press: this.select.name });
    for (const name of ["view_id", "ts"]) if (form.has(name)) data.set(name, form.get(name));
    try {
      const answer = await fetch(body.dataset.options, { method: "POST", body: data, headers: { "x-fragment": "1" }, credentials: "same-origin" });
      const { html, note } = await answer.json();
      if (turn !== this.turn) return;
      if (note) this.say(parse(note).textContent); else this.show([...parse(html || "").children]);
    } catch {
      this.say("The search could not be sent.");
    }
  }

  // The select's own options as entries of the list.
  own(wanted) {
    const entries = [];
    const add = (option) => {
      if (option.value === "" || !`${option.text} ${option.dataset.description || ""}`.toLowerCase().includes(wanted)) return;
      const entry = make("li", { role: "option", class: "combo-option", "data-value": option.value, "data-shown": option.text }, option.text);
      if (option.dataset.description) entry.append(make("span", { class: "muted below" }, option.dataset.description));
      entries.push(entry);
    };
    for (const child of this.select.children) {
      if (child.tagName !== "OPTGROUP") { add(child); continue; }
      const before = entries.length;
      [...child.children].forEach(add);
      if (entries.length > before) entries.splice(before, 0, make("li", { class: "combo-group", role: "presentation" }, child.label));
    }
    return entries;
  }

  say(text) {
    this.list.replaceChildren(make("li", { class: "combo-none", role: "presentation" }, text));
    this.open();
    this.told.textContent = text;
  }

  show(entries) {
    if (!entries.some((entry) => entry.matches("[role=option]"))) { this.say("Nothing found."); return; }
    const chosen = this.chosen().map((option) => option.value);
    this.list.replaceChildren(...entries);
    this.options().forEach((option, index) => {
      option.id = `${this.list.id}-${index}`;
      option.setAttribute("aria-selected", String(chosen.includes(option.dataset.value)));
    });
    this.open();
    this.told.textContent = `${this.options().length} found.`;
    this.point(this.options()[0]);
  }

  options() { return all("[role=option]", this.list); }
  open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.place();
  }
  // Fixed, so that no part that scrolls cuts it off.
  place() {
    const at = this.input.getBoundingClientRect();
    const isAbove = innerHeight - at.bottom < 260 && at.top > innerHeight - at.bottom;
    const { style } = this.list;
    style.width = `${Math.max(at.width, 220)}px`;
    style.left = `${Math.max(8, Math.min(at.left, innerWidth - Math.max(at.width, 220) - 8))}px`;
    style.top = isAbove ? "auto" : `${at.bottom + 4}px`;
    style.bottom = isAbove ? `${innerHeight - at.top + 4}px` : "auto";
  }
  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.turn = (this.turn || 0) + 1;
  }
  point(option) {
    this.options().forEach((node) => node.classList.toggle("active", node === option));
    if (!option) return;
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const options = this.options();
    const at = options.findIndex((node) => node.classList.contains("active"));
    const isOpen = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) { this.search(true); return; }
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.point(options[(at + step + options.length) % options.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      if (isOpen && options[at]) this.choose(options[at]);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
      this.paint();
    } else if (event.key === "Backspace" && this.many && !this.input.value) {
      const last = this.chosen().at(-1);
      if (last) this.drop(last.value);
    }
  }

  choose(entry) {
    const { value } = entry.dataset;
    let option = [...this.select.options].find((one) => one.value === value);
    if (!option) {
      option = new Option(entry.dataset.shown, value);
      this.select.append(option);
    }
    const most = Number(this.select.dataset.most || Infinity);
    if (this.many) {
      if (!option.selected && this.chosen().length >= most) { this.say(`At most ${most} can be chosen.`); return; }
      option.selected = !option.selected;
    } else {
      this.select.value = value;
    }
    this.close();
    this.paint();
    this.input.focus();
    this.changed();
  }

  drop(value) {
    const option = this.chosen().find((one) => one.value === value);
    if (option) option.selected = false;
    this.paint();
    this.input.focus();
    this.changed();
  }

  changed() { this.select.dispatchEvent(new Event("change", { bubbles: true })); }
}

// What is fixed does not move with what scrolls.
document.addEventListener("scroll", (event) => {
  const open = one(".combo-list:not([hidden]):not(.completions)");
  if (open && event.target !== open) open.parentElement.previousElementSibling.combo?.place();
}, { capture: true, passive: true });

onMarkup((root) => all("select[data-combo]", root).forEach((select) => { if (!select.combo) new Combo(select); }));
// A dialog closes with Escape only when no list is open in it.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("[role=combobox][aria-expanded=true]")) event.preventDefault();
}, true);
