/** One cell of the grid: its poster, its video while it is in sight, its state by sign and word. */

import { fill, h, set, show } from "./dom.js";
import { createScreen } from "./screen.js";

const POSTER = 480;

/**
 * @param {object} parts
 * @param {number} parts.index
 * @param {string} parts.name  What it is: `seed 1 · 720p`.
 * @param {any} parts.media
 * @param {(key: string, values?: object) => string} parts.t
 * @param {(action: string, index: number) => void} parts.onAct  star, retry, why.
 */
export function createCell({ index, name, media, t, onAct }) {
  const element = h("div.sw-cell", { tabIndex: -1, role: "group", "data-cell": index });
  let state = null;
  let face = null; // built when it first comes near: a thousand cells must not be drawn at once
  let near = false;
  let screen = null;
  let poster = null;
  let hidden = false; // what it is, while it is rated blindly
  let label = "";

  function build() {
    const image = h("img.sw-cell-poster", { alt: "", hidden: true, draggable: false });
    const home = h("div.sw-cell-video");
    const sign = h("span.sw-cell-sign", { "aria-hidden": "true" });
    const word = h("span.sw-cell-word");
    const line = h("span.sw-cell-line");
    const retry = h("button.sw-button.sw-small", { type: "button", tabIndex: -1, hidden: true, onclick: () => onAct("retry", index) }, t("sweep.retry_one"));
    const why = h("button.sw-button.sw-small", { type: "button", tabIndex: -1, hidden: true, onclick: () => onAct("why", index) }, t("sweep.why"));
    const words = h("div.sw-cell-words", {}, sign, word, line, h("div.sw-cell-buttons", {}, retry, why));
    const star = h("button.sw-star", { type: "button", tabIndex: -1, onclick: (event) => (event.stopPropagation(), onAct("star", index)) });
    const tag = h("span.sw-tag.sw-cell-tag", { hidden: true });
    const caption = h("span.sw-cell-caption");
    const metrics = h("span.sw-cell-metrics");
    face = { image, home, sign, word, line, retry, why, words, star, tag, caption, metrics };
    element.append(image, home, words, tag, star, h("div.sw-cell-foot", {}, caption, metrics));
  }

  function draw() {
    const named = label || name;
    const word = state ? t(state.preview && state.state === "succeeded" ? "sweep.preview_tag" : stateKey(state.state)) : "";
    set(element, { "aria-label": `${named}: ${word}${state?.star ? `, ${t("sweep.star")}` : ""}`, "data-state": state?.state ?? null });
    if (!face || !state) return;
    const there = Boolean(state.video);
    show(face.words, !there);
    show(face.star, there);
    fill(face.sign, state.sign);
    fill(face.word, word);
    fill(face.line, state.line);
    face.line.title = state.line;
    show(face.retry, state.retry);
    show(face.why, state.trouble);
    fill(face.star, state.star ? "★" : "☆");
    set(face.star, { "aria-label": t(state.star ? "sweep.unstar" : "sweep.star"), "aria-pressed": String(state.star), title: t(state.star ? "sweep.unstar" : "sweep.star") });
    fill(face.caption, label || (element.parentElement?.classList.contains("sw-flow") ? name : ""), state.preview && there ? ` · ${t("sweep.preview_tag")}` : "");
    fill(face.metrics, hidden ? "" : [state.rating ? "●".repeat(state.rating) : "", state.metrics].filter(Boolean).join(" · "));
  }

  async function drawPoster() {
    const key = state?.video?.poster ?? null;
    if (!face || !near || key === poster) return;
    poster = key;
    show(face.image, false);
    if (key === null) return;
    try {
      face.image.src = await media.picture(key, POSTER);
      if (key === poster) show(face.image, true);
    } catch {
      poster = null; // the next look tries again
    }
  }

  return {
    element,
    index,
    name,
    get state() {
      return state;
    },
    get screen() {
      return screen;
    },
    set(next) {
      const other = next.video?.key !== state?.video?.key;
      state = next;
      if (other && screen) this.unload();
      draw();
      drawPoster();
      return other;
    },
    /** It comes near what is in sight, or leaves it. */
    approach(now) {
      near = now;
      if (now && !face) build();
      if (now) {
        draw();
        drawPoster();
      }
    },
    get near() {
      return near;
    },
    /** Get the video ready to play; resolves with its screen, or null where it left sight meanwhile. */
    async load() {
      const { video } = state;
      const url = await media.video(video.key, video.bytes);
      if (!near || state.video?.key !== video.key || screen) return null;
      screen = createScreen();
      const mine = screen;
      face.home.append(mine.element);
      try {
        await mine.load(url);
      } catch (error) {
        this.unload();
        throw error;
      }
      return screen === mine ? mine : null;
    },
    /** Give the decoder back; the poster stays. */
    unload() {
      if (!screen) return null;
      const gone = screen;
      screen = null;
      gone.clear();
      gone.element.remove();
      return gone;
    },
    select(selected) {
      set(element, { "aria-current": selected ? "true" : null });
      element.tabIndex = selected ? 0 : -1;
    },
    tag(letter) {
      if (!face) return;
      show(fill(face.tag, letter), Boolean(letter));
      set(face.tag, { "data-letter": letter || null });
    },
    /** Rated blindly it has a number in place of what it is. */
    disguise(number) {
      hidden = number > 0;
      label = hidden ? `#${number}` : "";
      draw();
    },
  };
}

const OWN = new Set(["invalid", "planned", "waiting"]);
/** The key of the word for a state. */
export function stateKey(state) {
  return OWN.has(state) ? `sweep.${state}` : `state.${state}`;
}
