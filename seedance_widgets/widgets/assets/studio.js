/** Studio: build a request, watch it being checked, run it and see the video. Python decides, this draws. */

import { arrange } from "./arrange.js";
import { createChoice, labelFace } from "./controls.js";
import { fill, h, onChange, show, surfaceRoot, translator } from "./dom.js";
import { createRpc } from "./rpc.js";
import { createEdits } from "./edits.js";
import { createMedia } from "./media.js";
import { controlOf, createProblems } from "./problems.js";
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
  // What came of a button whose row may be gone.
  const spoken = h("p.sw-quiet.sw-spoken", { role: "status" });
  const list = h("div.sw-jobs", { role: "list", "aria-label": t("studio.jobs") });

  const left = h("section.sw-left", { "aria-label": t("studio.request") }, modes.element, slots.element, fields.element);
  const right = h("section.sw-right", { "aria-label": t("studio.result") }, result.element, list, spoken);
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
    const single = model.get("single").key ? model.get("single") : null;
    const selected = single ? null : model.get("selected");
    for (const [id, row] of rows) {
      if (jobs.some((job) => job.id === id)) continue;
      row.dispose();
      rows.delete(id);
    }
    for (const job of jobs) {
      if (!rows.has(job.id)) rows.set(job.id, createJobRow({ rpc, t, media, onSelect: (id) => ask("select", { job: id }), onSay: (words) => fill(spoken, words) }));
      rows.get(job.id).draw(job, job.id === selected);
    }
    arrange(list, jobs.map((job) => rows.get(job.id).element));
    show(list, jobs.length > 0);
    const job = jobs.find((one) => one.id === selected) ?? null;
    result.draw({ job, single, revision: model.get("view").revision });
  };
  edits.onSettled(drawForm);

  root.addEventListener("sw-generate", () => footer.press());
  root.addEventListener("paste", (event) => slots.paste(event));
  const stops = [onChange(model, ["view", "header"], drawForm), onChange(model, ["jobs", "selected", "single", "view"], drawJobs)];
  // Another language is another form: drawn anew, with what has been typed already at Python.
  stops.push(onChange(model, ["strings"], () => again()));
  drawForm();
  drawJobs();

  let gone = false;
  function dispose() {
    gone = true;
    stops.forEach((stop) => stop());
    [header, slots, fields, result, ...rows.values()].forEach((part) => part.dispose());
    media.dispose();
    rpc.dispose();
    root.remove();
  }
  let stop = dispose;
  let turning = false;
  async function again() {
    if (turning) return;
    turning = true;
    await edits.flush();
    await slots.idle(); // an image that is on its way comes with this form
    if (gone) return;
    dispose();
    stop = render({ model, el, strings });
  }
  return () => stop();
}

/** First frame, first + last, references, text; what the model lacks stays in sight, struck through, and says why. */
function createModes({ ask, t }) {
  const reason = h("p.sw-quiet.sw-reason", { role: "status", hidden: true });
  const tell = () => show(fill(reason, choice.pointed?.reason ?? ""), Boolean(choice.pointed?.reason));
  const choice = createChoice({
    legend: h("span.sw-hidden-text", {}, t("studio.mode")),
    face: labelFace,
    onPick: (mode) => ask("mode", { mode }),
    onPoint: tell,
  });
  return {
    element: h("div.sw-modes", {}, choice.element, reason),
    draw(view) {
      choice.draw(view.options.mode, view.mode);
      tell();
    },
  };
}

/** Bring the person to the field that a problem is about. */
function focusField(root, field) {
  const control = controlOf(root, field);
  if (!control) return;
  control.closest("details")?.setAttribute("open", "");
  control.scrollIntoView({ block: "nearest" });
  control.focus();
}

export default { render };
