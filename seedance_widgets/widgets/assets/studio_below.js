/** The Studio that a surface opens below itself; it is a widget of its own. */

import { copyText } from "./clipboard.js";
import { h, onChange } from "./dom.js";
import { focused } from "./focus.js";
import { createQuestion } from "./question.js";

/**
 * @param {object} parts
 * @param {any} parts.model  With a `studio` trait.
 * @param {(type: string, payload?: object) => Promise<any>} parts.ask
 * @param {(key: string, values?: object) => string} parts.t
 * @param {(words: string) => void} parts.say
 */
export function createStudioBelow({ model, ask, t, say }) {
  const home = h("div.sw-below");
  const question = createQuestion({
    label: t("desk.replace"),
    agree: t("desk.replace"),
    decline: t("desk.keep"),
    back: ({ from }) => from,
    onYes({ type, payload }) {
      question.settle();
      put(type, { ...payload, replace: true });
    },
  });
  const element = h("div.sw-studio-below", {}, question.element, home);
  const manager = model.widget_manager;
  let shown = null;
  let view = null;

  async function draw() {
    const id = model.get("studio");
    if (!id || id === shown || !manager) return;
    shown = id;
    const child = typeof id === "string" ? await manager.get_model(id.replace("IPY_MODEL_", "")) : id;
    const next = await manager.create_view(child, {});
    if (id !== shown) return next.remove?.(); // another one has come meanwhile, or the surface has gone
    view?.remove?.();
    view = next;
    home.replaceChildren(view.el);
  }

  /** Let Python put a request into the Studio; where its form was changed since the last one, the person is asked. */
  async function put(type, payload) {
    const from = focused(element);
    const value = await ask(type, payload);
    if (value?.changed) {
      question.ask(value.changed, { type, payload, from });
      question.element.scrollIntoView({ block: "nearest" });
    } else {
      question.settle();
      if (value) say(value.words);
    }
    return value;
  }

  const stop = onChange(model, ["studio"], draw);
  draw();

  return {
    element,
    put,
    /** Whether this front end can show a widget within a widget. */
    possible: Boolean(manager),
    /** Where it cannot: the code of a cell that opens a Studio with this request. Resolves with whether it is copied. */
    copyCode: (request, home) => copyText(`import seedance_widgets as sw\n\nsw.Studio(${request})\n`, home),
    dispose() {
      stop();
      shown = null;
      view?.remove?.();
    },
  };
}
