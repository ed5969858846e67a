/** A question with a yes and a no, asked where a press was: what comes too soon after it was meant for that press. */

import { fill, h, set, show, uniqueId } from "./dom.js";

export const REST = 700; // milliseconds in which a second press is a slip of the first, and no question was read

/**
 * @param {object} parts
 * @param {string} parts.label  What is asked about, for who hears it.
 * @param {string} parts.agree
 * @param {string} parts.decline
 * @param {string} [parts.look]  Classes of the buttons.
 * @param {string} [parts.stress]  More classes of the yes.
 * @param {boolean} [parts.cautious]  The focus goes to the no.
 * @param {(asked: any) => HTMLElement | null | undefined} parts.back  What gets the focus when the question goes.
 * @param {(asked: any) => void} parts.onYes
 * @param {(open: boolean) => void} [parts.onTurn]  It has appeared or gone.
 */
export function createQuestion({ label, agree, decline, look = ".sw-small", stress = ".sw-main", cautious = false, back, onYes, onTurn }) {
  const words = h("span", { id: uniqueId("question") });
  const yes = h(`button.sw-button${stress}${look}`, { type: "button", onclick: () => answer(() => onYes(asked)) }, agree);
  const no = h(`button.sw-button${look}`, { type: "button", onclick: () => answer(settle) }, decline);
  const element = h("div.sw-confirm", { role: "alertdialog", "aria-label": label, "aria-describedby": words.id, hidden: true }, words, yes, no);
  let asked = null;
  let timer = 0;

  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") settle();
    if (event.repeat) event.preventDefault(); // a key that is still held answers nothing
  });

  const resting = () => yes.hasAttribute("aria-disabled");
  element.addEventListener("mousedown", (event) => resting() && event.preventDefault()); // nor does a slip move the focus

  /** From the last slip on, however many there are and however slow the page is. */
  function rest() {
    const off = (now) => [yes, no].forEach((button) => set(button, { "aria-disabled": now }));
    off("true");
    clearTimeout(timer);
    timer = setTimeout(() => off(null), REST);
  }

  /** A yes or a no, where it can have been meant: a slip must neither send nor take the question away. */
  function answer(act) {
    if (resting()) rest();
    else if (asked !== null) act();
  }

  function turn(open) {
    show(element, open);
    onTurn?.(open);
  }

  function settle() {
    if (asked === null) return;
    const there = element.contains(document.activeElement);
    const what = asked;
    asked = null;
    turn(false);
    if (there) back(what)?.focus();
  }

  return {
    element,
    settle,
    get asked() {
      return asked;
    },
    /** Ask; `what` is what a yes is given to. */
    ask(line, what) {
      asked = what;
      fill(words, line);
      rest();
      turn(true);
      (cautious ? no : yes).focus();
    },
  };
}
