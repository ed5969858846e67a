/** The request as code. Python writes it, when somebody looks. */

import { copyText, selectText } from "./clipboard.js";
import { fill, h, set, show } from "./dom.js";

/**
 * @param {object} parts
 * @param {import("./rpc.js").Rpc} parts.rpc
 * @param {(key: string, values?: object) => string} parts.t
 */
export function createCodeTab({ rpc, t }) {
  const code = h("code");
  const box = h("pre.sw-code", { tabIndex: 0 }, code);
  const names = h("span.sw-row", { role: "group", "aria-label": t("result.language") });
  const copy = h("button.sw-button", { type: "button", onclick: () => copyShown() }, t("result.copy_code"));
  const said = h("span.sw-quiet", { role: "status" });
  const ofRun = h("button.sw-button", { type: "button", onclick: () => choose("run") }, t("result.of_run"));
  const ofForm = h("button.sw-button", { type: "button", onclick: () => choose("form") }, t("result.of_form"));
  const source = h("div.sw-row.sw-source", { role: "group", "aria-label": t("result.code_of"), hidden: true }, ofRun, ofForm);
  const element = h("div.sw-code-tab", {}, source, box, h("div.sw-row", {}, names, copy, said));
  let job = null;
  let revision;
  let visible = false;
  let wanted = "python";
  let of = "run";
  let snippets = [];
  let loaded = null; // what they are of
  let flight = null;

  const jobId = () => (of === "run" || revision === undefined ? (job?.id ?? null) : null);
  const key = () => jobId() ?? `form ${revision}`;

  function choose(which) {
    of = which;
    draw();
    if (visible) load();
  }

  /** Bring the code up to date; one question at a time, the last one counts. */
  function load() {
    flight ??= ask().finally(() => (flight = null));
    return flight;
  }

  async function ask() {
    while (loaded !== key()) {
      const asked = key();
      if (!snippets.length) fill(code, t("result.loading"));
      try {
        snippets = (await rpc.call("code", { job: jobId() })).value;
      } catch (trouble) {
        snippets = [];
        fill(code, trouble.message);
        fill(names);
      }
      loaded = asked;
      draw();
    }
  }

  const shown = () => snippets.find(({ name }) => name === wanted) ?? snippets[0];

  function draw() {
    show(source, job !== null && revision !== undefined);
    set(ofRun, { "aria-pressed": String(of === "run") });
    set(ofForm, { "aria-pressed": String(of === "form") });
    const one = shown();
    if (!one) return;
    if (code.textContent !== one.text) fill(code, one.text);
    set(box, { "aria-label": one.title, "data-language": one.language });
    const there = [...names.children].map((button) => button.value).join();
    if (there !== snippets.map(({ name }) => name).join()) {
      fill(names, ...snippets.map(({ name, title }) => h("button.sw-button", { type: "button", value: name, onclick: () => pick(name) }, title)));
    }
    for (const button of names.children) set(button, { "aria-pressed": String(button.value === one.name) });
  }

  function pick(name) {
    wanted = name;
    fill(said);
    draw();
  }

  async function copyShown() {
    const one = shown();
    if (!one) return "";
    const there = await copyText(one.text, element);
    if (!there) selectText(code);
    const words = there ? t("result.copied_what", { title: one.title }) : t("result.not_copied");
    fill(said, words);
    return there ? words : "";
  }

  return {
    element,
    /** @param {{job: any, revision?: number}} next  Without a revision there is no form. */
    draw(next) {
      ({ job, revision } = next);
      draw();
      if (visible) load();
    },
    /** Whether somebody looks; only then is Python asked. */
    look(now) {
      visible = now;
      if (visible) load();
    },
    /** Show the code of the run in this language. */
    async open(name) {
      of = "run";
      pick(name);
      await load();
    },
    /** Copy the code that is shown; returns what to say of it, or nothing where the browser does not let us. */
    copy: copyShown,
  };
}
