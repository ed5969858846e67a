/** Small helpers to draw: text goes in as text, never as markup. */

/**
 * Make an element.
 *
 * @param {string} name  Tag, with classes after dots: `button.sw-button.sw-main`.
 * @param {Record<string, any>} [props]  `on<event>` are listeners, `aria-*`, `data-*` and `role` attributes, the rest properties.
 * @param {...(Node|string|null|undefined|false)} children  Strings become text nodes; empty ones are left out.
 * @returns {any}
 */
export function h(name, props = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  set(element, props);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

/**
 * Set listeners, attributes and properties; what is unchanged is not touched.
 *
 * @param {any} element
 * @param {Record<string, any>} props
 */
export function set(element, props) {
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (/^(aria-|data-|role$|for$|list$|style$)/.test(key)) {
      if (value === null || value === undefined || value === false) element.removeAttribute(key);
      else if (element.getAttribute(key) !== String(value)) element.setAttribute(key, String(value));
    } else if (key === "value" && element.localName === "option") element.setAttribute("value", value); // "" too: else its text counts
    else if (element[key] !== value) element[key] = value;
  }
  return element;
}

/** Show or hide. */
export function show(element, visible) {
  element.hidden = !visible;
  return element;
}

/** Replace the children, only where they differ from those that are there. */
export function fill(element, ...children) {
  const wanted = children.filter((child) => child !== null && child !== undefined && child !== false && child !== "");
  const same =
    wanted.length === element.childNodes.length &&
    wanted.every((child, i) => child === element.childNodes[i] || (typeof child === "string" && element.childNodes[i].nodeType === 3 && element.childNodes[i].data === child));
  if (!same) element.replaceChildren(...wanted);
  return element;
}

let ids = 0;
/** An id that no other element of the page has. */
export function uniqueId(word) {
  return `sw-${word}-${(ids += 1)}`;
}

/**
 * The words of a surface, in the language that Python chose.
 *
 * @param {any} model  Its `strings` are those of a language that was chosen since.
 * @param {Record<string, string>} [strings]  Those that came with the modules.
 * @returns {(key: string, values?: Record<string, any>) => string}  `t("state.queued")`; a missing key shows itself.
 */
export function translator(model, strings = {}) {
  return (key, values) => {
    const words = model.get("strings")[key] ?? strings[key] ?? key;
    return values ? words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : words;
  };
}

/**
 * The root of a surface: takes its keys away from the notebook's shortcuts, and hides what the saved notebook keeps of it.
 *
 * @param {any} model
 * @param {string} name  `studio`, `player`, ...
 * @returns {HTMLElement}
 */
export function surfaceRoot(model, name) {
  const id = model.get("saved_id");
  const style = h("style");
  style.textContent = `[data-seedance-saved="${id}"],.jp-OutputArea-child:has([data-seedance-saved="${id}"]){display:none}`;
  const root = h(`div.seedance.sw-${name}`, { "data-lm-suppress-shortcuts": "true", lang: model.get("lang") }, style);
  // The notebook's own handlers for keys and clipboards sit above; what happens in here is ours alone.
  for (const type of ["keydown", "keypress", "keyup", "copy", "cut", "paste", "dragover", "drop", "dblclick", "contextmenu"]) {
    root.addEventListener(type, (event) => isSave(event) || event.stopPropagation());
  }
  return root;
}

/** Ctrl+S or Cmd+S: saving is the notebook's own, wherever the focus is. */
function isSave(event) {
  return event.type === "keydown" && event.key?.toLowerCase() === "s" && (event.ctrlKey || event.metaKey) && !event.altKey;
}

/** For that one key the notebook may look at what happens in a surface. */
function letSave(event) {
  const root = isSave(event) && event.composedPath()[0]?.closest?.(".seedance[data-lm-suppress-shortcuts]");
  if (!root) return;
  root.removeAttribute("data-lm-suppress-shortcuts");
  setTimeout(() => root.setAttribute("data-lm-suppress-shortcuts", "true"));
}
// On the window, and first: before the notebook's own listener, in whichever phase that looks.
window.addEventListener("keydown", letSave, true);

/**
 * Listen to a model's traits; returns what stops it.
 *
 * @param {any} model
 * @param {string[]} names
 * @param {() => void} listener
 */
export function onChange(model, names, listener) {
  names.forEach((name) => model.on(`change:${name}`, listener));
  return () => names.forEach((name) => model.off(`change:${name}`, listener));
}
