/** The Studio that a surface opens below itself; it is a widget of its own. */

import { copyText } from "./clipboard.js";
import { h, onChange } from "./dom.js";

/** @param {any} model  With a `studio` trait. */
export function createStudioBelow(model) {
  const element = h("div.sw-studio-below");
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
    element.replaceChildren(view.el);
  }
  const stop = onChange(model, ["studio"], draw);
  draw();

  return {
    element,
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
