/** How long the video is: whole seconds, or frames on the steps that the API takes. */

import { createChoice, labelFace, slide, toText, toWhole, typed } from "./controls.js";
import { fill, h, set, show, uniqueId } from "./dom.js";
import { createProblems, describe } from "./problems.js";

const FIELDS = { seconds: "duration", frames: "frames" };
const AUTO = -1; // the API's word for "the model decides"

export function createLength({ rpc, edits, t }) {
  const hint = h("span.sw-quiet.sw-aside", { id: uniqueId("hint") });
  const units = createChoice({
    legend: t("field.length"),
    layout: "sw-length",
    face: labelFace,
    onPick: (value) => toUnit(value),
    onPoint: () => fill(hint, said()),
  });
  units.element.append(hint);
  const number = h("input.sw-input.sw-number", { type: "text", inputMode: "numeric", autocomplete: "off", spellcheck: false });
  const slider = h("input.sw-slider", { type: "range", value: "0" });
  const auto = h("input", { type: "checkbox" });
  const autoLabel = h("label.sw-auto", {}, auto, h("span", {}, t("field.auto")));
  const problems = createProblems({ rpc, t });
  // One input stands for both fields, since it is one length.
  const row = h("div.sw-controls", { "data-field": FIELDS.seconds }, h("div.sw-controls", { "data-field": FIELDS.frames }, number, slider, autoLabel));
  const element = h("div.sw-field", {}, units.element, row, problems.element);
  let options = null;
  let unit = "seconds";

  const span = () => options[FIELDS[unit]];
  const automatic = (value) => value === AUTO && unit === "seconds" && Boolean(span().auto);
  const said = () => {
    const { first, last, step } = span();
    const steps = unit === "frames" ? t("field.steps", { base: first - step, step }) : t("field.range", { first, last });
    return units.pointed?.reason || steps;
  };
  const input = typed(number, {
    read: toWhole,
    write: (value) => (automatic(value) ? "" : toText(value)),
    onEdit: (value) => give(value),
  });
  slider.addEventListener("input", () => {
    number.value = slider.value;
    give(slider.valueAsNumber);
  });
  auto.addEventListener("change", () => {
    const value = auto.checked ? AUTO : slider.valueAsNumber;
    input.draw(value);
    give(value);
  });

  /** Give the length, and take the other field away: both at once is what the API refuses. */
  function give(value) {
    const other = unit === "frames" ? FIELDS.seconds : FIELDS.frames;
    edits.set({ [FIELDS[unit]]: value, [other]: null });
    drawValue(value);
  }

  function toUnit(wanted) {
    const { duration, frames } = options;
    const { valueAsNumber } = slider; // what is typed may be no number; this always is one, and stands near it
    unit = wanted;
    const value = unit === "frames" ? nearest(valueAsNumber * frames.fps, frames) : nearest(valueAsNumber / frames.fps, duration);
    drawSpan();
    input.draw(value);
    give(value);
  }

  function drawSpan() {
    const label = t(`field.length_${unit}`);
    fill(hint, said());
    set(number, { "aria-label": label });
    set(slider, { "aria-label": label });
    show(autoLabel, unit === "seconds" && Boolean(span().auto));
  }

  function drawValue(value) {
    auto.checked = automatic(value);
    slide(slider, auto.checked ? span().default : (value ?? span().default), span());
    set(slider, { "aria-valuetext": t(`field.${unit}_value`, { value: slider.value }) });
    number.placeholder = auto.checked ? t("field.auto_short") : toText(span().default);
  }

  return {
    element,
    draw(view) {
      options = view.options;
      const { duration, frames } = view.values;
      if (edits.settled && (duration === null) !== (frames === null)) unit = frames === null ? "seconds" : "frames";
      units.draw(
        Object.entries(FIELDS).map(([value, field]) => ({ value, label: t(`field.${value}`), reason: options[field].reason })),
        unit,
      );
      drawSpan();
      if (edits.settled) {
        const value = view.values[FIELDS[unit]];
        input.draw(value);
        drawValue(value);
      }
      problems.draw(view, [FIELDS.seconds, FIELDS.frames]);
      describe(number, view, [FIELDS.seconds, FIELDS.frames], hint.id, problems.id);
    },
  };
}

/** The step of a slider that is nearest to a number. */
function nearest(number, { first, last, step = 1 }) {
  const found = first + Math.round((number - first) / step) * step;
  return Math.min(last, Math.max(first, found));
}
