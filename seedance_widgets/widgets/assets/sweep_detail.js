/** What is told of the selected cell, and what a person thinks of it. */

import { fill, h, set, show } from "./dom.js";
import { focused } from "./focus.js";
import { copyText } from "./clipboard.js";

const TYPED = 600; // milliseconds after the last key until a note is kept

/**
 * @param {object} parts
 * @param {(type: string, payload?: object) => Promise<any>} parts.ask
 * @param {(key: string, values?: object) => string} parts.t
 * @param {(words: string) => void} parts.say
 * @param {(action: string, index: number) => void} parts.onAct
 * @param {((index: number) => void) | null} parts.onStudio  Carry the cell's request into a form; null where there is none.
 * @param {boolean} parts.isSweep  Whether it can be the base of another one.
 */
export function createDetail({ ask, t, say, onAct, onStudio, isSweep }) {
  const name = h("strong.sw-detail-name", { dir: "auto" });
  const facts = h("span.sw-quiet");
  const why = h("p.sw-trouble", { hidden: true });
  const differs = h("span.sw-quiet", { dir: "auto" });
  const button = (words, press, hint = "") => h("button.sw-button.sw-small", { type: "button", title: hint, onclick: press }, words);
  const star = button("☆", () => onAct("s", index));
  const stars = h("span.sw-rating", { role: "group", "aria-label": t("sweep.rate") }, ...[1, 2, 3, 4, 5].map((n) => h("button.sw-rate", { type: "button", "aria-label": t("sweep.rate_n", { n }), title: t("sweep.rate_n", { n }), onclick: () => onAct(String(state.rating === n ? 0 : n), index) })));
  const large = button(t("sweep.enlarge"), () => onAct("enlarge", index), t("sweep.enlarge_hint"));
  const a = button(t("sweep.set_a"), () => onAct("a", index), t("sweep.set_a_hint"));
  const b = button(t("sweep.set_b"), () => onAct("b", index), t("sweep.set_b_hint"));
  const retry = button(t("sweep.retry_one"), () => onAct("retry", index));
  const cancel = button(t("sweep.cancel_one"), async () => say((await ask("cancel", { cell: index }))?.words ?? ""));
  const copy = button(t("sweep.copy_request"), () => copyCode(false));
  const base = button(t("sweep.copy_base"), () => copyCode(true));
  const studio = button(t("sweep.studio"), () => onStudio(index), t("sweep.studio_hint"));
  const note = h("input.sw-input.sw-note", { type: "text", dir: "auto", maxLength: 1000, placeholder: t("sweep.note_hint"), "aria-label": t("sweep.note"), oninput: () => keepSoon(), onchange: () => keep() });
  const element = h(
    "section.sw-detail",
    { "aria-label": t("sweep.selected"), hidden: true },
    h("div.sw-detail-line", {}, name, facts),
    h("div.sw-detail-line", {}, differs),
    why,
    h("div.sw-detail-line", {}, star, stars, large, a, b, note, retry, cancel, copy, base, studio),
  );
  let index = -1;
  let state = null;
  let shown = null; // what Python tells of it
  let timer = 0;
  let asked = 0;
  let hidden = false; // what it is, while it is rated blindly
  let typed = null; // a note on its way: what Python says of it meanwhile is older

  async function copyCode(asBase) {
    const code = await ask("code", { cell: index, base: asBase });
    if (code) say(t((await copyText(code, element)) ? "sweep.copied" : "sweep.not_copied"));
  }

  function keepSoon() {
    clearTimeout(timer);
    typed = { index, words: note.value };
    timer = setTimeout(keep, TYPED);
  }

  async function keep() {
    clearTimeout(timer);
    const mine = typed;
    if (!mine) return;
    await ask("mark", { cell: mine.index, note: mine.words });
    if (typed === mine) typed = null;
  }

  async function tell() {
    const turn = (asked += 1);
    const told = await ask("detail", { cell: index });
    if (turn !== asked || !told) return;
    fill(facts, told.facts);
    fill(differs, told.changes.length ? `${t("sweep.differs")}: ${told.changes.map(([field, value]) => `${field} = ${value}`).join(", ")}` : "", told.note ? ` ${told.note}` : "");
    shown = told;
    drawButtons();
  }

  function drawButtons() {
    const there = !hidden && shown;
    show(retry, there && shown.retry);
    show(cancel, there && shown.cancel);
    show(copy, there && shown.request);
    show(base, there && shown.request && isSweep);
    show(studio, there && shown.request && Boolean(onStudio));
  }

  return {
    element,
    /** Tell of a cell, without saying which where it is rated blindly; of none with null. */
    draw(cell, pair, blind) {
      hidden = blind;
      show(element, Boolean(cell));
      if (!cell) return;
      if (cell.index !== index) {
        keep();
        fill(facts, "");
        fill(differs, "");
        note.value = cell.state.note;
        shown = null;
      }
      const before = state;
      const other = cell.index !== index || before?.state !== cell.state.state;
      index = cell.index;
      state = cell.state;
      fill(name, cell.label);
      show(fill(why, state.line), !blind && Boolean(state.line) && state.trouble);
      drawButtons();
      fill(star, state.star ? "★" : "☆");
      set(star, { "aria-pressed": String(state.star), "aria-label": t(state.star ? "sweep.unstar" : "sweep.star") });
      [...stars.children].forEach((one, i) => set(fill(one, i < state.rating ? "●" : "○"), { "aria-pressed": String(i < state.rating) }));
      set(a, { "aria-pressed": String(pair.A === index) });
      set(b, { "aria-pressed": String(pair.B === index) });
      for (const one of [stars, large, a, b]) show(one, Boolean(state.video));
      if (!typed && focused(note) !== note && note.value !== state.note) note.value = state.note;
      show(facts, !blind);
      show(differs, !blind);
      if (other) tell();
    },
    dispose() {
      keep();
    },
  };
}
