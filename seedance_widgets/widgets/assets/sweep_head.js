/** The head of a sweep: what it is, how it stands, and the buttons that send, hold up, repeat and export. */

import { fill, h, set, show, uniqueId } from "./dom.js";
import { focused, keepFocus } from "./focus.js";
import { createPress } from "./press.js";

export function createHead({ ask, t, say }) {
  const title = h("strong.sw-title");
  const name = h("span.sw-quiet.sw-name", { dir: "auto" });
  const dot = h("span.sw-dot", { "aria-hidden": "true" });
  const who = h("span");
  const pill = h("span.sw-pill", { hidden: true }, dot, who);
  const summary = h("span.sw-quiet.sw-summary");
  summary.tabIndex = -1; // may be given the focus
  const heard = h("span.sw-hidden-text", { role: "status" }); // the counts alone: the time to go changes every second
  const button = (press, words, main = "") => h(`button.sw-button.sw-small${main}`, { type: "button", hidden: true, onclick: press }, words ?? "");
  const make = button(() => run("make"), "", ".sw-main");
  const finish = button(() => run("finish"), "", ".sw-main");
  const preview = button(() => run("preview"), t("sweep.preview"));
  preview.title = t("sweep.preview_hint");
  const pause = button(() => ask("pause", { paused: !head.paused }));
  const cancel = button(async () => say((await ask("cancel"))?.words ?? ""), t("sweep.cancel"));
  const retry = button(() => run("retry"));
  const measure = button(async () => say((await ask("measure"))?.words ?? ""), t("sweep.measure"));
  const exporter = createExport({ ask, t, say });
  const press = createPress({ ask, t, back: () => (make.hidden ? element.querySelector("button:not([hidden])") : make) });
  const run = (what) => press.send("run", { what });
  const buttons = h("div.sw-buttons", {}, make, finish, preview, pause, cancel, retry, measure, exporter.element);
  const element = h("header.sw-header.sw-bar", {}, title, name, pill, summary, heard, buttons, press.element);
  const [before, after] = t("sweep.left").split("{time}");
  const isTime = (part) => part.startsWith(before) && part.endsWith(after);
  let head = {};

  function draw(kind) {
    const { actions } = head;
    fill(title, t(kind === "sweep" ? "sweep.title" : "sweep.compare"));
    fill(name, head.name);
    name.title = head.name;
    show(pill, Boolean(head.provider));
    if (head.provider) {
      fill(who, head.provider.words);
      dot.dataset.billed = String(head.provider.billed);
    }
    const words = [head.paused && t("sweep.paused"), ...head.summary.split(" · ")].filter(Boolean);
    fill(summary, words.join(" · "));
    fill(heard, words.filter((part) => !isTime(part)).join(" · "));
    const n = actions.make;
    show(fill(make, n === 1 ? t("sweep.make_one") : t("sweep.make", { n })), n > 0);
    make.classList.toggle("sw-main", !actions.finish); // one of them is what comes next
    show(fill(finish, t("sweep.finish", { n: actions.finish })), actions.finish > 0);
    show(preview, actions.preview > 1);
    show(fill(pause, t(head.paused ? "sweep.resume" : "sweep.pause")), Boolean(actions.pause));
    show(cancel, Boolean(actions.cancel));
    show(fill(retry, t("sweep.retry", { n: actions.retry })), actions.retry > 0);
    show(measure, Boolean(head.measurable));
    exporter.draw(Boolean(head.exportable));
  }

  return {
    element,
    run,
    draw(next, kind) {
      head = next;
      // The button that was pressed is often the one that goes: how it stands is what comes of it.
      keepFocus(element, () => draw(kind), () => summary);
    },
    dispose: () => exporter.dispose(),
  };
}

/** Export: a button that opens what there is to choose from. */
function createExport({ ask, t, say }) {
  const id = uniqueId("export");
  const open = h("button.sw-button.sw-small", { type: "button", "aria-expanded": "false", "aria-controls": id, "aria-haspopup": "true", onclick: () => toggle() }, t("sweep.export"), h("span", { "aria-hidden": "true" }, " ▾"));
  const kinds = ["png", "mp4", "html", "csv"];
  const list = h("div.sw-menu", { id, role: "group", "aria-label": t("sweep.export"), hidden: true }, ...kinds.map((kind) => h("button.sw-menu-item", { type: "button", onclick: () => write(kind) }, t(`sweep.export_${kind}`))));
  const element = h("span.sw-menu-home", { hidden: true }, open, list);
  const close = (event) => !element.contains(event.composedPath()[0]) && toggle(false);

  function toggle(now = list.hidden) {
    show(list, now);
    set(open, { "aria-expanded": String(now) });
    document[now ? "addEventListener" : "removeEventListener"]("pointerdown", close, true);
    if (now) list.firstChild.focus();
  }
  element.addEventListener("focusout", ({ relatedTarget }) => {
    if (!list.hidden && document.hasFocus() && !element.contains(relatedTarget)) toggle(false);
  });
  element.addEventListener("keydown", (event) => {
    const items = [...list.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !list.hidden) {
      toggle(false);
      open.focus();
    } else if (step && !list.hidden) {
      items[(items.indexOf(focused(list)) + step + items.length) % items.length].focus();
      event.preventDefault();
    }
  });

  async function write(kind) {
    toggle(false);
    open.focus();
    say(t("sweep.exporting", { name: t(`sweep.export_${kind}`) }));
    const value = await ask("export", { kind });
    say(value?.words ?? "");
  }

  return {
    element,
    draw: (there) => show(element, there),
    dispose: () => document.removeEventListener("pointerdown", close, true),
  };
}
