// Finding things on the page.
export const body = document.body;
export const one = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];
export const region = (name) => one(`[data-region="${name}"]`);
export const parse = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
};

// What is done to every piece of markup that comes to the page, and to the page itself.
const enhancers = [];
export const onMarkup = (enhancer) => enhancers.push(enhancer);
export const enhance = (root) => enhancers.forEach((enhancer) => enhancer(root));

let toastTimer = 0;
export const toast = (text) => {
  const node = one("[data-toast]");
  node.textContent = text;
  node.hidden = false;
  // What lies over the page hides what is below: the words go with it.
  (one("dialog:modal") || body).append(node);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { node.hidden = true; body.append(node); }, 6000);
};

// A selector that finds the same control again after its markup was replaced.
export const focusKey = (node) => node && (node.id ? `#${CSS.escape(node.id)}`
  : node.name && node.value !== undefined && node.type !== "hidden"
    ? `[name="${CSS.escape(node.name)}"]${node.type === "submit" ? `[value="${CSS.escape(node.value)}"]` : ""}`
    : node.getAttribute?.("href") ? `[href="${CSS.escape(node.getAttribute("href"))}"]`
      : node.dataset?.ts ? `[data-ts="${CSS.escape(node.dataset.ts)}"]` : node.tagName === "SUMMARY" ? "summary" : "");
