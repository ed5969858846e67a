/** Studio: build a request, watch it being checked, run it and see the video. Python decides, this draws. */

import { fill, h, onChange, set, show, surfaceRoot, translator, uniqueId } from "./dom.js";
import { createRpc } from "./rpc.js";
import { createEdits } from "./edits.js";
import { createMedia } from "./media.js";
import { createProblems } from "./problems.js";
import { createSlots } from "./slots.js";
import { createFields } from "./fields.js";
import { createHeader } from "./header.js";
import { createFooter } from "./footer.js";
import { createResult } from "./result.js";
import { createJobRow } from "./jobs.js";

function render({ model, el, strings }) {
  const rpc = createRpc(model);
  const t = translator(model, strings);
  const media = createMedia(rpc);
  const root = surfaceRoot(model, "studio");
  const notice = h("p.sw-notice", { role: "alert", hidden: true });
  const late = h("p.sw-notice.sw-late", { role: "status", hidden: true });

  const onTrouble = (words) => {
    fill(notice, words, h("button.sw-button.sw-close", { type: "button", "aria-label": t("studio.close"), onclick: () => show(notice, false) }, "✕"));
    show(notice, true);
  };
  const ask = (type, payload) => rpc.call(type, payload).then(
    (answer) => answer.value,
    (error) => onTrouble(error.message),
  );
  rpc.onLate((now) => show(fill(late, t("common.kernel_busy")), now));

  const edits = createEdits(rpc, onTrouble);
  const header = createHeader({ ask, rpc, t });
  const modes = createModes({ ask, t });
  const slots = createSlots({ rpc, t, media, onTrouble });
  const fields = createFields({ rpc, edits, t });
  // What is wrong with no single field on the left, such as the provider.
  const others = createProblems({ rpc, t });
  const footer = createFooter({ ask, edits, t, onProblem: (field) => focusField(root, field) });
  const result = createResult({
    rpc,
    t,
    media,
    onTrouble,
    onUse: (job, how) => ask("job.use", { job, how }),
  });
  const rows = new Map();
  const list = h("div.sw-jobs", { role: "list", "aria-label": t("studio.jobs") });

  const left = h("section.sw-left", { "aria-label": t("studio.request") }, modes.element, slots.element, fields.element);
  const right = h("section.sw-right", { "aria-label": t("studio.result") }, result.element, list);
  root.append(header.element, others.element, notice, late, h("div.sw-columns", {}, left, right), footer.element);
  el.append(root);

  const drawForm = () => {
    const view = model.get("view");
    header.draw(model.get("header"), view);
    modes.draw(view);
    slots.draw(view);
    fields.draw(view);
    others.draw(view, ["request", "provider", "model"]);
    footer.draw(view, model.get("header"));
  };
  const drawJobs = () => {
    const jobs = model.get("jobs");
    const selected = model.get("selected");
    for (const [id, row] of rows) {
      if (jobs.some((job) => job.id === id)) continue;
      row.dispose();
      rows.delete(id);
    }
    for (const job of jobs) {
      if (!rows.has(job.id)) rows.set(job.id, createJobRow({ rpc, t, media, onSelect: (id) => ask("select", { job: id }) }));
      rows.get(job.id).draw(job, job.id === selected);
    }
    fill(list, ...jobs.map((job) => rows.get(job.id).element));
    show(list, jobs.length > 0);
    result.draw({ job: jobs.find((job) => job.id === selected) ?? null, revision: model.get("view").revision });
  };
  edits.onSettled(drawForm);

  root.addEventListener("sw-generate", () => footer.press());
  root.addEventListener("paste", (event) => slots.paste(event));
  const stops = [onChange(model, ["view", "header"], drawForm), onChange(model, ["jobs", "selected", "view"], drawJobs)];
  // Another language is another form: drawn anew, with what has been typed already at Python.
  stops.push(onChange(model, ["strings"], () => edits.flush().then(again)));
  drawForm();
  drawJobs();

  function dispose() {
    stops.forEach((stop) => stop());
    [header, slots, fields, result, ...rows.values()].forEach((part) => part.dispose());
    media.dispose();
    rpc.dispose();
    root.remove();
  }
  let stop = dispose;
  function again() {
    dispose();
    stop = render({ model, el, strings });
  }
  return () => stop();
}

/** First frame, first + last, references, text; what the model lacks stays in sight, struck through, and says why. */
function createModes({ ask, t }) {
  const name = uniqueId("mode");
  const element = h("fieldset.sw-modes", {}, h("legend.sw-hidden-text", {}, t("studio.mode")));
  const group = h("div.sw-segments");
  const reason = h("p.sw-quiet.sw-reason", { role: "status", hidden: true });
  element.append(group, reason);
  const made = new Map();

  function make({ value }) {
    const why = h("span.sw-hidden-text", { id: uniqueId("why") });
    const input = h("input.sw-hidden-text", { type: "radio", name, value, "aria-describedby": why.id });
    const words = h("span");
    const label = h("label.sw-segment", {}, input, words, why);
    input.addEventListener("change", () => {
      if (label.dataset.reason) {
        show(fill(reason, label.dataset.reason), true);
        const current = [...made.values()].find((one) => one.current);
        if (current) current.input.checked = true;
      } else {
        show(reason, false);
        ask("mode", { mode: value });
      }
    });
    group.append(label);
    return { input, words, why, label, current: false };
  }

  return {
    element,
    draw(view) {
      for (const option of view.options.mode) {
        if (!made.has(option.value)) made.set(option.value, make(option));
        const one = made.get(option.value);
        one.current = option.value === view.mode;
        one.input.checked = one.current;
        fill(one.words, option.label);
        fill(one.why, option.reason ?? option.detail ?? "");
        // Not `disabled`: a control that takes no focus could not tell its reason to who uses the keyboard.
        set(one.input, { "aria-disabled": option.reason ? "true" : null });
        set(one.label, { "data-reason": option.reason || null, title: option.reason ?? option.detail ?? "" });
        one.label.classList.toggle("sw-off", Boolean(option.reason));
      }
    },
  };
}

/** Bring the person to the field that a problem is about. */
function focusField(root, field) {
  const target = root.querySelector(`[data-field="${CSS.escape(field)}"]`);
  if (!target) return;
  target.closest("details")?.setAttribute("open", "");
  target.scrollIntoView({ block: "nearest" });
  const control = target.matches("input, textarea, select, button") ? target : target.querySelector("input, textarea, select, button");
  control?.focus();
}

export default { render };
