/** The foot of a grid: one clock for all videos, the comparison of two, the money. */

import { fill, h, set, show } from "./dom.js";
import { focused } from "./focus.js";
import { icon } from "./icons.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

export function createFoot({ grid, t, onCompare }) {
  const { clock } = grid;
  const play = h("button.sw-button.sw-round", { type: "button", onclick: () => clock.toggle() });
  const frame = h("span.sw-frame");
  const scrub = h("input.sw-shared-scrub", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": t("sweep.seek"), oninput: () => clock.seek((Number(scrub.value) + 0.5) / fps) });
  const speed = h("select.sw-input.sw-small", { "aria-label": t("sweep.speed"), title: t("sweep.speed"), onchange: () => clock.setRate(Number(speed.value)) }, ...SPEEDS.map((value) => h("option", { value: String(value), selected: value === 1 }, `${value}×`)));
  const loop = h("button.sw-button.sw-round", { type: "button", "aria-label": t("sweep.loop"), title: t("sweep.loop"), "aria-pressed": "true", onclick: () => (clock.setLoop(!clock.looping), set(loop, { "aria-pressed": String(clock.looping) })) }, icon("loop"));
  const wipe = h("button.sw-button.sw-small", { type: "button", "aria-pressed": "false", onclick: () => onCompare("wipe") }, t("sweep.wipe"));
  const difference = h("button.sw-button.sw-small", { type: "button", "aria-pressed": "false", onclick: () => onCompare("difference") }, t("sweep.difference"));
  const money = h("span.sw-quiet.sw-money");
  const crowd = h("span.sw-quiet.sw-crowd", { hidden: true });
  const element = h("footer.sw-footer.sw-sweep-foot", {}, play, frame, scrub, speed, loop, wipe, difference, crowd, money);
  let fps = 24;
  let sign = "";

  return {
    element,
    setFrames(frames, framesPerSecond) {
      fps = framesPerSecond || 24;
      scrub.max = String(Math.max(0, frames - 1));
      for (const one of [play, scrub]) one.disabled = !frames;
    },
    tick({ frame: number, playing }) {
      fill(frame, t("sweep.frame", { n: number + 1 }));
      set(scrub, { "aria-valuetext": frame.textContent });
      if (focused(scrub) !== scrub || playing) scrub.value = String(number);
      const wanted = playing ? "pause" : "play";
      if (wanted === sign) return;
      sign = wanted;
      fill(play, icon(wanted));
      const words = t(playing ? "sweep.pause_all" : "sweep.play");
      set(play, { "aria-label": words, title: words });
    },
    /** Where more are in sight than can play: how many do. */
    crowd(playing, all) {
      show(fill(crowd, t("sweep.crowded", { n: playing, all })), all > 0);
    },
    /** How two are compared now; null for not at all. */
    compared(how) {
      set(wipe, { "aria-pressed": String(how === "wipe") });
      set(difference, { "aria-pressed": String(how === "difference") });
    },
    draw(head, several) {
      fill(money, head.money);
      show(wipe, several);
      show(difference, several);
    },
  };
}
