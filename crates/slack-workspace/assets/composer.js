// The message box: Enter sends, Shift+Enter begins a new line, files come by button, paste or drop.
import { all, one } from "./dom.js";
import { openSheet } from "./dialogs.js";

const showFiles = (form) => {
  const attach = one("[data-attach]", form);
  const shown = one("[data-files]", form);
  shown.replaceChildren(...[...attach.files].map((file, index) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "combo-chip";
    chip.textContent = `${file.name} ✕`;
    chip.setAttribute("aria-label", `Do not send ${file.name}`);
    chip.addEventListener("click", () => {
      const left = new DataTransfer();
      [...attach.files].forEach((other, at) => { if (at !== index) left.items.add(other); });
      attach.files = left.files;
      showFiles(form);
    });
    return chip;
  }));
};
const addFiles = (form, files) => {
  const attach = one("[data-attach]", form);
  const both = new DataTransfer();
  for (const file of [...attach.files, ...files]) both.items.add(file);
  attach.files = both.files;
  showFiles(form);
};
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-attach]")) showFiles(event.target.form);
});
document.addEventListener("paste", (event) => {
  const form = event.target.closest?.("form.composer");
  if (!form || !event.clipboardData.files.length) return;
  event.preventDefault();
  addFiles(form, event.clipboardData.files);
});
document.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  const form = one("form.composer", event.target.closest?.(".pane") || document);
  if (form) addFiles(form, event.dataTransfer.files);
});

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (!box.matches?.(".composer textarea, textarea[data-enter]")) return;
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    box.form.requestSubmit();
  } else if (event.key === "ArrowUp" && !box.value && box.closest(".composer")) {
    // The last message one wrote here, to be edited.
    const messages = all("[data-mine]", box.closest(".pane") || one(".room"));
    const edit = messages.at(-1)?.dataset.mine;
    if (edit) {
      event.preventDefault();
      openSheet(edit, box);
    }
  }
});
