/** A run as a row: what it starts from, how it is doing, what it cost, and the button that ends it. */

import { fill, h, set, show, uniqueId } from "./dom.js";
import { createJobClock } from "./job_clock.js";

const THUMB = 160; // pixels of the picture, twice as many as it is wide

/**
 * @param {object} parts
 * @param {import("./rpc.js").Rpc} parts.rpc
 * @param {(key: string, values?: object) => string} parts.t
 * @param {any} parts.media
 * @param {((id: string) => void)} [parts.onSelect]  Told when the row is pressed; without it the row cannot be.
 * @param {((words: string) => void)} [parts.onSay]  Told what came of the button, for the row may be gone by then.
 * @param {boolean} [parts.alone]  The row heads a card of its own, which shows picture and error at length.
 */
export function createJobRow({ rpc, t, media, onSelect, onSay, alone = false }) {
  const thumb = h("span.sw-thumb", { "aria-hidden": "true" });
  const sign = h("span.sw-sign", { "aria-hidden": "true" });
  const word = h("span");
  const state = onSelect
    ? h("button.sw-job-state", { type: "button", onclick: () => onSelect(job.id) }, sign, word)
    : h("strong.sw-job-state", {}, sign, word);
  const time = h("span.sw-quiet.sw-job-time");
  const bar = h("progress.sw-progress", { max: 1 });
  const prompt = h("div.sw-job-prompt");
  const line = h("div.sw-quiet.sw-job-line");
  const note = h("div.sw-job-note", { hidden: true });
  const error = h("div.sw-job-error", { hidden: true });
  const said = h("div.sw-quiet", { role: "status", hidden: true });
  const hint = h("span.sw-hint", { id: uniqueId("hint"), role: "tooltip" });
  const cancel = h("button.sw-button.sw-cancel", { type: "button", "aria-describedby": hint.id, onclick: () => press() });
  const side = h("div.sw-job-side", { hidden: true }, cancel, hint);
  // Told at changes of the state only: nobody wants to hear every second.
  const news = h("span.sw-hidden-text", { role: "status" });
  const main = h("div.sw-job-main", {}, h("div.sw-job-head", {}, state, time), bar, prompt, line, note, error, said);
  const element = h("div.sw-job", { role: alone ? null : "listitem" }, alone ? null : thumb, main, side, news);
  let job = null;
  let pictured; // not null: a run without a picture shows its sign
  let asking = false;

  if (onSelect) {
    element.classList.add("sw-selectable");
    element.addEventListener("click", (event) => {
      if (!event.target.closest("button, a") && document.getSelection().isCollapsed) onSelect(job.id);
    });
  }
  const clock = createJobClock(t, tick);

  function tick() {
    fill(time, clock.words());
    const share = clock.share();
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    set(bar, { "aria-label": t(share === null ? "job.progress_unknown" : "job.progress") });
  }

  async function press() {
    if (asking || !job.cancel) return;
    asking = true;
    drawCancel();
    say(t("job.cancelling"));
    try {
      const { value } = await rpc.call("cancel", { job: job.id, what: job.cancel.what });
      say(value?.words ?? "");
      if (value?.words) onSay?.(value.words);
    } catch (trouble) {
      say(trouble.message);
    }
    asking = false;
    drawCancel();
  }

  function say(words) {
    show(fill(said, words), Boolean(words));
  }

  function drawCancel() {
    if (job.cancel === null && side.contains(document.activeElement)) focusNearby();
    show(side, job.cancel !== null);
    if (job.cancel === null) return;
    fill(cancel, job.cancel.label);
    fill(hint, job.cancel.hint);
    // Not `disabled`: the button would lose the focus of who uses the keyboard.
    set(cancel, { "aria-disabled": asking ? "true" : null });
  }

  function focusNearby() {
    if (onSelect) state.focus();
  }

  async function drawThumb() {
    if (alone) return;
    if (job.poster === null) fill(thumb, job.sign);
    if (job.poster === pictured) return;
    const key = (pictured = job.poster);
    if (key === null) return;
    try {
      const src = await media.picture(key, THUMB);
      if (key === pictured) fill(thumb, h("img", { src, alt: "" }));
    } catch {
      fill(thumb, job.sign); // the picture only adorns
    }
  }

  return {
    element,
    /**
     * @param {any} next  A JobState.
     * @param {boolean} [selected]  Whether this run's result is shown.
     */
    draw(next, selected = false) {
      const before = job?.state;
      job = next;
      clock.set(job);
      const words = job.prompt || t("job.no_prompt");
      const named = t(`state.${job.state}`);
      set(element, { "data-state": job.state, "aria-current": selected ? "true" : null });
      fill(sign, job.sign);
      fill(word, named);
      if (onSelect) set(state, { title: t("job.show", { prompt: words }) });
      fill(prompt, words);
      prompt.title = words;
      fill(line, job.line);
      show(fill(note, job.note), Boolean(job.note) && !job.error);
      show(fill(error, job.error?.text, job.error?.next_step && h("div.sw-quiet", {}, job.error.next_step)), Boolean(job.error) && !alone);
      show(bar, !job.done);
      if (before && before !== job.state) {
        say("");
        fill(news, t("job.news", { state: named, prompt: words }));
      }
      tick();
      drawCancel();
      drawThumb();
    },
    dispose() {
      clock.dispose();
    },
  };
}
