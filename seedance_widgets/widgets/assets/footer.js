/** The foot of the Studio: one line of truth (what will be made, what it costs) beside the one main button. */

import { fill, h, set, show, uniqueId } from "./dom.js";

// After a press the button rests: the second half of a double click must not buy a second video.
const REST = 1000;
// The question stands where the button was: what comes sooner was meant for the button, not for the answer.
const READ = 700;

export function createFooter({ ask, edits, t, onProblem }) {
  const lineId = uniqueId("line");
  const size = h("strong");
  const facts = h("span");
  const line = h("output.sw-line", { id: lineId }, size, facts);
  const blocked = h("button.sw-link.sw-blocked", { type: "button", hidden: true });
  const said = h("span.sw-quiet", { role: "status" });
  const main = h("button.sw-button.sw-main.sw-generate", { type: "button", "aria-describedby": lineId, onclick: () => press() }, t("studio.generate"));
  const question = h("span", { id: uniqueId("question") });
  const yes = h("button.sw-button.sw-main", { type: "button" }, t("studio.agree"));
  const no = h("button.sw-button", { type: "button", onclick: () => settle() }, t("studio.not_yet"));
  const confirm = h("div.sw-confirm", { role: "alertdialog", "aria-label": t("studio.confirm"), "aria-describedby": question.id, hidden: true }, question, yes, no);
  const element = h("footer.sw-footer", {}, h("div.sw-facts", {}, line, blocked, said), confirm, main);
  let view = null;
  let busy = false;
  let asked = null;
  confirm.addEventListener("keydown", (event) => {
    if (event.key === "Escape") settle();
    if (event.repeat) event.preventDefault(); // a key that is still held answers nothing
  });
  yes.addEventListener("click", () => asked?.read && press(asked.agreed));
  blocked.addEventListener("click", () => {
    const first = view?.problems.find((problem) => problem.severity === "error");
    if (first) onProblem(first.field);
  });

  function settle() {
    const there = confirm.contains(document.activeElement);
    asked = null;
    show(confirm, false);
    show(main, true);
    if (there) main.focus();
  }

  async function press(agreed = null) {
    if (busy || !view) return;
    busy = true;
    draw();
    await edits.flush(); // what was typed just now may be all that was missing
    if (view.blocked) {
      busy = false;
      draw();
      return;
    }
    fill(said, view.uploading ? t("studio.waits_for_upload") : "");
    const value = await ask("generate", { press: crypto.randomUUID?.() ?? String(Math.random()), agreed });
    fill(said, "");
    settle();
    if (value?.confirm) {
      const shown = { ...value.confirm, read: false };
      asked = shown;
      fill(question, asked.line);
      set(yes, { "aria-disabled": "true" });
      setTimeout(() => {
        shown.read = true;
        if (asked === shown) set(yes, { "aria-disabled": null });
      }, READ);
      show(confirm, true);
      show(main, false);
      yes.disabled = false;
      yes.focus();
    } else if (value?.blocked) fill(said, value.blocked);
    else if (value?.job) {
      fill(said, t("studio.sent"));
      await new Promise((resolve) => setTimeout(resolve, REST));
      fill(said, "");
    }
    busy = false;
    draw();
  }

  function draw() {
    const off = busy || Boolean(view.blocked);
    // Not `disabled` while busy: the button would lose the focus of who uses the keyboard.
    set(main, { "aria-disabled": off ? "true" : null });
    main.disabled = Boolean(view.blocked) && !busy;
    yes.disabled = busy;
  }

  return {
    element,
    press: () => press(),
    draw(next) {
      if (asked && next.revision !== view?.revision) settle(); // what was asked about is no longer what would be sent
      view = next;
      const { estimate } = view;
      fill(size, estimate.size);
      fill(facts, estimate.line.startsWith(estimate.size) ? estimate.line.slice(estimate.size.length) : ` · ${estimate.line}`);
      fill(blocked, view.blocked);
      show(blocked, Boolean(view.blocked));
      draw();
    },
  };
}
