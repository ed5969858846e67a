/** A press that sends: where it costs money, Python answers with a question, and only a yes to it sends. */

import { fill, h, show, uniqueId } from "./dom.js";

const REST = 700; // milliseconds after a press in which a second one is a slip, and before which no question was read

/**
 * @param {object} parts
 * @param {(type: string, payload?: object) => Promise<any>} parts.ask
 * @param {(key: string, values?: object) => string} parts.t
 * @param {() => HTMLElement | null} parts.back  What gets the focus when the question goes.
 */
export function createQuestion({ ask, t, back }) {
  const words = h("span", { id: uniqueId("question") });
  const yes = h("button.sw-button.sw-main.sw-small", { type: "button", onclick: () => asked && Date.now() - asked.at > REST && send(asked.type, asked.payload, asked.agreed) }, t("desk.agree"));
  const no = h("button.sw-button.sw-small", { type: "button", onclick: () => settle() }, t("desk.not_yet"));
  const element = h("div.sw-confirm", { role: "alertdialog", "aria-label": t("desk.confirm"), "aria-describedby": words.id, hidden: true }, words, yes, no);
  let asked = null;
  const resting = new Set(); // what was pressed a moment ago

  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") settle();
    if (event.repeat) event.preventDefault(); // a key that is still held answers nothing
  });

  function settle() {
    const there = element.contains(document.activeElement);
    asked = null;
    show(element, false);
    if (there) back()?.focus();
  }

  async function send(type, payload = {}, agreed = null) {
    const what = JSON.stringify([type, payload]);
    if (!agreed && resting.has(what)) return;
    resting.add(what);
    setTimeout(() => resting.delete(what), REST);
    const value = await ask(type, { ...payload, press: crypto.randomUUID?.() ?? String(Math.random()), agreed });
    settle();
    if (!value?.confirm) return;
    asked = { ...value.confirm, type, payload, at: Date.now() };
    fill(words, asked.line);
    show(element, true);
    yes.focus();
  }

  return { element, send: (type, payload) => send(type, payload) };
}
