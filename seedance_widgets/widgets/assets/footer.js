/** The foot of the Studio: one line of truth (what will be made, what it costs) beside the one main button. */

import { fill, h, set, show, uniqueId } from "./dom.js";
import { createQuestion } from "./question.js";

// After a press the button rests: the second half of a double click must not buy a second video.
const REST = 1000;

export function createFooter({ ask, edits, t, onProblem }) {
  const lineId = uniqueId("line");
  const size = h("strong");
  const facts = h("span");
  const line = h("output.sw-line", { id: lineId }, size, facts);
  const blocked = h("button.sw-link.sw-blocked", { type: "button", hidden: true });
  const said = h("span.sw-quiet", { role: "status" });
  const main = h("button.sw-button.sw-main.sw-generate", { type: "button", "aria-describedby": lineId, onclick: () => press() }, t("studio.generate"));
  const question = createQuestion({
    label: t("studio.confirm"),
    agree: t("studio.agree"),
    decline: t("studio.not_yet"),
    look: "",
    back: () => main,
    onYes: (agreed) => press(agreed),
    onTurn: (open) => show(main, !open),
  });
  const element = h("footer.sw-footer", {}, h("div.sw-facts", {}, line, blocked, said), question.element, main);
  let view = null;
  let busy = false;
  blocked.addEventListener("click", () => {
    const first = view?.problems.find((problem) => problem.severity === "error");
    if (first) onProblem(first.field);
  });

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
    question.settle();
    if (value?.confirm) {
      question.ask(value.confirm.line, value.confirm.agreed);
    } else if (value?.blocked) fill(said, value.blocked);
    else if (value?.job) {
      fill(said, t("studio.sent"));
      await new Promise((resolve) => setTimeout(resolve, REST));
    }
    busy = false;
    draw();
  }

  function draw() {
    const off = busy || Boolean(view.blocked);
    // Not `disabled` while busy: the button would lose the focus of who uses the keyboard.
    set(main, { "aria-disabled": off ? "true" : null });
    main.disabled = Boolean(view.blocked) && !busy;
  }

  return {
    element,
    press: () => press(),
    draw(next) {
      if (next.revision !== view?.revision) {
        if (question.asked) question.settle(); // what was asked about is no longer what would be sent
        if (!busy) fill(said, ""); // so is what was said of it
      }
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
