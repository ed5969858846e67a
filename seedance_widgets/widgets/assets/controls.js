/**
 * The controls that the form is made of. Each draws a value as it is, however odd, and hands on what a person does; none
 * knows what is valid. What is off stays in reach: a control that takes no focus could not tell its reason.
 */

import { arrange } from "./arrange.js";
import { fill, h, set, show, uniqueId } from "./dom.js";

/**
 * A text that is typed: sent with every key, once per word where an input method composes it.
 *
 * @param {any} element  A textarea or input.
 * @param {{read?: (text: string) => any, write?: (value: any) => string, onEdit: (value: any) => void}} how
 *   `read` makes a value of what stands there, `write` the reverse.
 */
export function typed(element, { read = (text) => text, write = toText, onEdit }) {
  let composing = false;
  const send = () => composing || onEdit(read(element.value));
  element.addEventListener("compositionstart", () => (composing = true));
  element.addEventListener("compositionend", () => {
    composing = false;
    send();
  });
  element.addEventListener("input", send);

  return {
    /** Show a value; the caret stays where it is. */
    draw(value) {
      const text = write(value);
      const here = element.getRootNode().activeElement === element;
      // "05" is 5 already: it is not rewritten under the fingers of who may be typing on.
      if (composing || element.value === text || (here && read(element.value) === value)) return;
      const { selectionStart, selectionEnd } = element;
      element.value = text;
      if (here) element.setSelectionRange(selectionStart, selectionEnd);
    },
  };
}

/** What a text input shows of a value from Python. */
export function toText(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The number that was typed, also in full width; what is no whole number stays text, and Python says so; nothing is null. */
export function toWhole(text) {
  const plain = text.normalize("NFKC").trim();
  if (!plain) return null;
  return /^[-+]?\d+$/.test(plain) ? Number(plain) : text;
}

/** Show a value on a slider; what is no number leaves it where it is. */
export function slide(slider, value, { first, last, step = 1 }) {
  set(slider, { min: String(first ?? ""), max: String(last ?? ""), step: String(step) });
  show(slider, typeof first === "number" && typeof last === "number");
  if (typeof value === "number" && slider.valueAsNumber !== value) slider.value = String(value);
  const share = (slider.valueAsNumber - first) / (last - first);
  slider.style.setProperty("--sw-share", `${Math.round(share * 1000) / 10 || 0}%`);
}

/**
 * One choice of a few: native radios, side by side.
 *
 * @param {object} how
 * @param {string} how.legend
 * @param {Record<string, any>} [how.props]  Of the fieldset.
 * @param {string} [how.layout]  Class of the fieldset: how the legend stands to the options.
 * @param {string} [how.group]  Class of what holds the options.
 * @param {(option: any) => {parts: Node[], draw: (option: any) => void}} how.face  What an option looks like.
 * @param {(value: string) => void} how.onPick
 * @param {() => void} [how.onPoint]  Another option is `pointed` at.
 */
export function createChoice({ legend, props = {}, layout = "sw-above", group = "sw-segments", face, onPick, onPoint = () => {} }) {
  const name = uniqueId("choice");
  const holder = h(`div.${group}`);
  const title = h("legend.sw-label", {}, legend);
  const notes = h("div", { hidden: true }); // beside the labels, which else would read them out as part of each name
  const element = h(`fieldset.sw-group.${layout}`, { role: "radiogroup", ...props }, title, holder, notes);
  const made = new Map();
  let chosen = null;
  let pointed = null;

  function make(value) {
    const why = h("span", { id: uniqueId("why") });
    const input = h("input.sw-hidden-text", { type: "radio", name, value, "aria-describedby": why.id });
    const { parts, draw } = face(value);
    const label = h("label.sw-segment", {}, input, ...parts);
    const one = { input, label, why, draw, option: null };
    const point = (now) => {
      if (pointed !== now) onPoint((pointed = now));
    };
    // With a reason it cannot be chosen; who tries is told why, and what was chosen stays.
    input.addEventListener("change", () => (one.option.reason ? mark(chosen) : onPick((chosen = value))));
    input.addEventListener("focus", () => point(value));
    input.addEventListener("blur", () => point(null));
    label.addEventListener("pointerenter", () => point(value));
    label.addEventListener("pointerleave", () => point(holder.querySelector(":focus")?.value ?? null));
    return one;
  }

  function mark(value) {
    chosen = value;
    made.forEach(({ input }, key) => (input.checked = key === value));
  }

  return {
    element,
    /** The option that is checked, if any. */
    get chosen() {
      return made.get(chosen)?.option;
    },
    /** The option under the pointer or the focus, if any. */
    get pointed() {
      return made.get(pointed)?.option;
    },
    /**
     * @param {any[]} options  `{value, label, detail, reason}`; `reason` tells why it cannot be chosen.
     * @param {any} value  What is chosen, which may be none of them; undefined leaves it as it is.
     */
    draw(options, value) {
      const wanted = options.map((option) => {
        const one = made.get(option.value) ?? make(option.value);
        made.set(option.value, one);
        one.option = option;
        one.draw(option);
        const hint = option.reason || option.detail || "";
        fill(one.why, hint);
        set(one.input, { "aria-disabled": option.reason ? "true" : null });
        one.label.title = hint;
        one.label.classList.toggle("sw-off", Boolean(option.reason));
        return one.label;
      });
      for (const key of [...made.keys()]) if (!options.some((option) => option.value === key)) made.delete(key);
      arrange(holder, wanted);
      arrange(notes, [...made.values()].map((one) => one.why));
      if (value !== undefined) mark(value);
    },
  };
}

/** The plain face of an option: its label. */
export function labelFace() {
  const words = h("span");
  return { parts: [words], draw: ({ label }) => fill(words, label) };
}

/**
 * One box to check, with its reason under it where it is off. What is off can be unchecked, not checked.
 *
 * @param {{label: string, field: string, onEdit: (value: boolean) => void}} how
 */
export function createCheck({ label, field, onEdit }) {
  const why = h("span.sw-why", { id: uniqueId("why") });
  const input = h("input", { type: "checkbox", "data-field": field });
  const element = h("div.sw-check", {}, h("label", {}, input, h("span", {}, label)), why);
  let off = false;
  input.addEventListener("change", () => {
    if (off && input.checked) input.checked = false;
    else onEdit(input.checked);
  });

  return {
    element,
    input,
    why: why.id,
    /** @param {any} value  undefined leaves it as it is; what is neither true nor false shows as neither. */
    draw(value, reason) {
      off = Boolean(reason);
      fill(why, reason ?? "");
      set(input, { "aria-disabled": off ? "true" : null });
      element.classList.toggle("sw-off", off);
      if (value === undefined) return;
      set(input, { checked: value === true, indeterminate: typeof value !== "boolean" });
    },
  };
}
