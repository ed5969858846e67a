/** The settings of a request below its images: prompt, resolution, ratio, length, and the rest folded away. */

import { createAdvanced } from "./advanced.js";
import { h } from "./dom.js";
import { createLength } from "./length.js";
import { createLook } from "./look.js";
import { createPrompt } from "./prompt.js";

/**
 * Problems, options and reasons are drawn at once; values only when Python has every edit, since until then it tells what
 * was typed a moment ago.
 *
 * @param {object} tools
 * @param {import("./rpc.js").Rpc} tools.rpc
 * @param {ReturnType<import("./edits.js").createEdits>} tools.edits
 * @param {(key: string, values?: object) => string} tools.t
 * @returns {{element: HTMLElement, draw: (view: any) => void, dispose: () => void}}
 */
export function createFields(tools) {
  const parts = [createPrompt(tools), createLook(tools), createLength(tools), createAdvanced(tools)];
  const element = h("div.sw-fields", {}, ...parts.map((part) => part.element));
  return {
    element,
    draw: (view) => parts.forEach((part) => part.draw(view)),
    dispose: () => element.remove(),
  };
}
