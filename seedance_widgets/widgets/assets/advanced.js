/** Settings that most videos leave alone, folded into one line that tells their state. */

import { createCheck, createChoice, labelFace, slide, toText, toWhole, typed } from "./controls.js";
import { fill, h, set, show, uniqueId } from "./dom.js";
import { createProblems, describe, fieldProblems } from "./problems.js";

const CHECKS = ["generate_audio", "return_last_frame", "camera_fixed", "watermark"];
const FIELDS = ["generate_audio", "service_tier", "seed", "return_last_frame", "callback_url", "execution_expires_after", "camera_fixed", "watermark"];
const RANDOM = -1; // the API's word for a seed of its own choice
const HOUR = 3600;

export function createAdvanced(tools) {
  const { t } = tools;
  const state = h("span.sw-quiet.sw-state");
  const sign = h("span.sw-mark", { hidden: true }, "⚠ ");
  const parts = [createSeed(tools), createTier(tools), ...CHECKS.map((field) => createSwitch(tools, field)), createCallback(tools), createExpiry(tools)];
  const summary = h("summary", {}, h("span.sw-label", {}, t("field.advanced")), " ", sign, state);
  const element = h("details.sw-advanced", {}, summary, h("div.sw-settings", {}, ...parts.map((part) => part.element)));
  let known = new Set();

  return {
    element,
    draw(view) {
      parts.forEach((part) => part.draw(view));
      fill(state, view.advanced);
      const problems = fieldProblems(view, FIELDS);
      show(sign, problems.length > 0);
      const now = new Set(problems.map(({ field, message }) => `${field}: ${message}`));
      // It opens for what is new: whoever closes it over a problem that they know has seen it.
      if ([...now].some((one) => !known.has(one))) element.open = true;
      known = now;
    },
  };
}

/** A label, its control, what is wrong with it and why it is off, as one part of the section. */
function createPart({ rpc, t }, field, label, control, ...controls) {
  const why = h("span.sw-why", { id: uniqueId("why") });
  const problems = createProblems({ rpc, t });
  control.id ||= uniqueId(field);
  set(control, { "data-field": field });
  const element = h("div.sw-setting", {}, h("label.sw-name", { for: control.id }, label), h("div.sw-controls", {}, control, ...controls), why, problems.element);
  return {
    element,
    /** @param {any} view  @param {boolean} [off]  Whether nothing may be typed. */
    draw(view, reason, off) {
      fill(why, reason ?? "");
      set(control, { readOnly: Boolean(off), "aria-disabled": off ? "true" : null });
      element.classList.toggle("sw-off", Boolean(off));
      problems.draw(view, field);
      describe(control, view, field, why.id, problems.id);
    },
  };
}

function createSeed({ rpc, edits, t }) {
  const number = h("input.sw-input.sw-number", { type: "text", inputMode: "numeric", autocomplete: "off", spellcheck: false, placeholder: t("field.random") });
  const dice = h("button.sw-button.sw-dice", { type: "button", title: t("field.dice"), "aria-label": t("field.dice"), onclick: () => off || give(roll()) }, "⚄");
  const random = h("input", { type: "checkbox" });
  const part = createPart({ rpc, t }, "seed", t("field.seed"), number, dice, h("label.sw-auto", {}, random, h("span", {}, t("field.random_each"))));
  const input = typed(number, {
    read: (text) => toWhole(text) ?? RANDOM,
    write: (value) => (value === RANDOM ? "" : toText(value)),
    onEdit: (value) => give(value),
  });
  let last = 0;
  let off = false;
  random.addEventListener("change", () => give(random.checked || off ? RANDOM : roll()));

  const roll = () => Math.floor(Math.random() * (last + 1));
  function give(seed) {
    edits.set({ seed });
    drawValue(seed);
  }
  function drawValue(seed) {
    input.draw(seed);
    random.checked = seed === RANDOM;
  }

  return {
    element: part.element,
    draw(view) {
      const { reason, last: most } = view.options.seed;
      last = most;
      off = Boolean(reason) && view.values.seed === RANDOM;
      if (edits.settled) drawValue(view.values.seed);
      part.draw(view, reason, off);
      [dice, random].forEach((control) => set(control, { "aria-disabled": off ? "true" : null }));
    },
  };
}

function createTier({ rpc, edits, t }) {
  const hint = h("span.sw-quiet.sw-aside");
  const problems = createProblems({ rpc, t });
  const group = createChoice({
    legend: t("field.service_tier"),
    props: { "data-field": "service_tier" },
    face: labelFace,
    onPick: (service_tier) => edits.set({ service_tier }),
    onPoint: () => drawHint(),
  });
  const element = h("div.sw-setting", {}, group.element, hint, problems.element);
  function drawHint() {
    const option = group.pointed ?? group.chosen;
    fill(hint, option?.reason || option?.detail || "");
  }
  return {
    element,
    draw(view) {
      group.draw(view.options.service_tier, edits.settled ? view.values.service_tier : undefined);
      drawHint();
      problems.draw(view, "service_tier");
      describe(group.element, view, "service_tier", problems.id);
    },
  };
}

function createSwitch({ rpc, edits, t }, field) {
  const problems = createProblems({ rpc, t });
  const check = createCheck({ label: t(`field.${field}`), field, onEdit: (value) => edits.set({ [field]: value }) });
  return {
    element: h("div.sw-setting", {}, check.element, problems.element),
    draw(view) {
      check.draw(edits.settled ? view.values[field] : undefined, view.options[field].reason);
      problems.draw(view, field);
      describe(check.input, view, field, check.why, problems.id);
    },
  };
}

function createCallback({ rpc, edits, t }) {
  const url = h("input.sw-input.sw-wide", { type: "url", autocomplete: "off", spellcheck: false, placeholder: "https://" });
  const part = createPart({ rpc, t }, "callback_url", t("field.callback_url"), url);
  const input = typed(url, { read: (text) => text.trim() || null, onEdit: (callback_url) => edits.set({ callback_url }) });
  return {
    element: part.element,
    draw(view) {
      const { reason } = view.options.callback_url;
      if (edits.settled) input.draw(view.values.callback_url);
      part.draw(view, reason, Boolean(reason) && !view.values.callback_url);
    },
  };
}

function createExpiry({ rpc, edits, t }) {
  const field = "execution_expires_after";
  const number = h("input.sw-input.sw-number", { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false });
  const slider = h("input.sw-slider", { type: "range", value: "0", "aria-label": t(`field.${field}`) });
  const seconds = h("span.sw-quiet"); // as the API counts, and as its problems are told
  const part = createPart({ rpc, t }, field, t(`field.${field}`), number, h("span", {}, t("field.hours")), slider, seconds);
  const input = typed(number, { read: toSeconds, write: toHours, onEdit: give });
  let span = {};
  slider.addEventListener("input", () => {
    number.value = slider.value;
    give(slider.valueAsNumber * HOUR);
  });

  function give(value) {
    edits.set({ [field]: value });
    drawSlider(value);
  }
  function drawSlider(value) {
    const { first, last } = span;
    fill(seconds, typeof value === "number" ? t("field.in_seconds", { value }) : "");
    slide(slider, typeof value === "number" ? value / HOUR : value, { first: first / HOUR, last: last / HOUR });
    set(slider, { "aria-valuetext": t("field.hours_value", { value: slider.value }) });
  }

  return {
    element: part.element,
    draw(view) {
      span = view.options[field];
      number.placeholder = toHours(span.default);
      if (edits.settled) {
        input.draw(view.values[field]);
        drawSlider(view.values[field]);
      }
      part.draw(view, span.reason, false);
    },
  };
}

/** Hours as they are typed, "1.5", are seconds for the API; what is no number stays text. */
function toSeconds(text) {
  const plain = text.normalize("NFKC").trim();
  if (!plain) return null;
  return /^[-+]?\d+(\.\d*)?$/.test(plain) ? Math.round(Number(plain) * HOUR) : text;
}

function toHours(value) {
  return typeof value === "number" ? String(Number((value / HOUR).toPrecision(6))) : toText(value);
}
