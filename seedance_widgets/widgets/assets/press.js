/** A press that sends: where it costs money, Python answers with a question, and only a yes to it sends. */

import { REST, createQuestion } from "./question.js";

/**
 * @param {object} parts
 * @param {(type: string, payload?: object) => Promise<any>} parts.ask
 * @param {(key: string, values?: object) => string} parts.t
 * @param {() => HTMLElement | null} parts.back  What gets the focus when the question goes.
 */
export function createPress({ ask, t, back }) {
  const resting = new Set(); // what was pressed a moment ago
  const question = createQuestion({
    label: t("desk.confirm"),
    agree: t("desk.agree"),
    decline: t("desk.not_yet"),
    back,
    onTurn: (open) => open || resting.clear(), // answered: the next press is meant
    onYes: ({ type, payload, agreed }) => send(type, payload, agreed),
  });

  async function send(type, payload = {}, agreed = null) {
    const what = JSON.stringify([type, payload]);
    if (!agreed && resting.has(what)) return;
    resting.add(what);
    setTimeout(() => resting.delete(what), REST);
    const value = await ask(type, { ...payload, press: crypto.randomUUID?.() ?? String(Math.random()), agreed });
    question.settle();
    if (value?.confirm) question.ask(value.confirm.line, { type, payload, agreed: value.confirm.agreed });
  }

  return { element: question.element, send: (type, payload) => send(type, payload) };
}
