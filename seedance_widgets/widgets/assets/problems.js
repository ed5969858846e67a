/** What is wrong with a field, and the values that cure it, one press each. Python finds both; this draws them. */

import { arrange } from "./arrange.js";
import { fill, h, set, show, uniqueId } from "./dom.js";

const SIGNS = { error: "✕", warning: "⚠" };

/**
 * The problems of one field, or of several, in the order of `view.problems`.
 *
 * A row stays the same element for as long as its problem is there, so that nobody loses the button they are on.
 *
 * @param {{rpc: import("./rpc.js").Rpc, t: (key: string, values?: object) => string}} tools
 * @returns {{element: HTMLElement, id: string, draw: (view: any, field: string|string[]) => boolean}}
 *   `id` is for `aria-describedby`; `draw` tells whether anything is shown.
 */
export function createProblems({ rpc, t }) {
  const id = uniqueId("problems");
  // Never hidden: a screen reader speaks only of what changes in a region that it knew before.
  const element = h("div.sw-problems", { id, "aria-live": "polite" });
  let rows = new Map();

  return {
    element,
    id,
    draw(view, field) {
      const active = element.getRootNode().activeElement;
      const left = active && [...rows.values()].find((row) => row.element.contains(active));
      const wanted = new Map();
      for (const problem of fieldProblems(view, field)) {
        let key = JSON.stringify([problem.field, problem.severity, problem.message]);
        while (wanted.has(key)) key += "+";
        wanted.set(key, rows.get(key) ?? createRow({ rpc, t, problem }));
        wanted.get(key).draw(view.revision, problem);
      }
      rows = wanted;
      arrange(element, [...rows.values()].map((row) => row.element));
      // Cured by its own button: the person goes on at the field, not at the top of the page.
      if (left && !element.contains(left.element)) controlOf(element.closest(".seedance"), left.field)?.focus();
      return rows.size > 0;
    },
  };
}

/**
 * The problems of these fields that are to be shown, each with its index in `view.problems`.
 *
 * @param {any} view
 * @param {string|string[]} field
 */
export function fieldProblems(view, field) {
  const fields = [field].flat();
  return view.problems.map((problem, index) => ({ ...problem, index })).filter((problem) => fields.includes(problem.field) && !problem.quiet);
}

/**
 * Tell who cannot see it that the value of a control is wrong, and where the words about it are.
 *
 * @param {Element} control
 * @param {any} view
 * @param {string|string[]} field
 * @param {...(string|null|undefined|false)} ids  Of all that describes the control: problems, hints, reasons.
 */
export function describe(control, view, field, ...ids) {
  const wrong = fieldProblems(view, field).some((problem) => problem.severity === "error");
  set(control, { "aria-invalid": wrong ? "true" : null, "aria-describedby": ids.filter(Boolean).join(" ") || null });
}

/**
 * The control of a field: what carries `data-field`, or the one in it that is checked, or the first.
 *
 * @param {Element|null|undefined} root
 * @param {string} field
 * @returns {any}
 */
export function controlOf(root, field) {
  const controls = "input, textarea, select, button";
  const target = root?.querySelector(`[data-field="${CSS.escape(field)}"]`);
  if (!target || target.matches(controls)) return target ?? null;
  return target.querySelector("input:checked") ?? target.querySelector(controls);
}

function createRow({ rpc, t, problem }) {
  const { field, severity, message } = problem;
  const id = uniqueId("problem");
  const sign = h("span.sw-mark", { "aria-hidden": "true" }, SIGNS[severity]);
  const words = h("span.sw-message", { id }, h("b", {}, t(`field.${severity}`)), " ", message);
  const fixes = h("span.sw-fixes");
  const refusal = h("span.sw-refusal", { role: "status", hidden: true });
  const element = h("div.sw-problem", { "data-severity": severity }, sign, words, fixes, refusal);
  const buttons = [];
  let current = null;

  async function press(choice) {
    try {
      await rpc.call("fix", { ...current, choice });
    } catch (error) {
      show(fill(refusal, error.message), true);
    }
  }

  return {
    element,
    field,
    draw(revision, { index, fixes: labels }) {
      if (revision !== current?.revision) show(refusal, false);
      current = { revision, problem: index };
      buttons.length = Math.min(buttons.length, labels.length);
      labels.forEach((label, choice) => {
        buttons[choice] ??= h("button.sw-fix", { type: "button", "aria-describedby": id, onclick: () => press(choice) });
        fill(buttons[choice], label);
      });
      arrange(fixes, buttons);
      show(fixes, buttons.length > 0);
    },
  };
}
