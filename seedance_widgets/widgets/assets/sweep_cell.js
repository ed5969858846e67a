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
  const element = h("div.sw-cell", { tabIndex: -1, role: "gridcell", "aria-selected": "false", "data-cell": index });
  let state = null;
  let face = null; // built when it first comes near: a thousand cells must not be drawn at once
  let near = false;
  let screen = null;
  let poster = null;
  let label = ""; // in place of what it is, while it is rated blindly
  let flat = false; // no headers tell what it is
  let trouble = ""; // why its picture or its video cannot be shown

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
    const caption = h("span.sw-cell-caption", { dir: "auto" });
    const rating = h("span.sw-cell-rating");
    const metrics = h("span.sw-cell-metrics");
    face = { image, home, sign, word, line, retry, why, words, star, tag, caption, rating, metrics };
    element.append(image, home, words, tag, star, h("div.sw-cell-foot", {}, caption, rating, metrics));
  }

  function draw() {
    const lost = state?.state === "succeeded" && (trouble || !state.video); // it was made, and is not there any more
    const preview = state?.preview && !label; // which are previews could tell which is which
    const word = !state ? "" : t(lost ? "sweep.unplayable" : preview && state.state === "succeeded" ? "sweep.preview_tag" : stateKey(state.state));
    const line = label ? "" : trouble || state?.line || ""; // a file's name could tell what it is
    const heard = [word, state?.star && t("sweep.star"), state?.rating && t("sweep.rate_n", { n: state.rating }), lost && line].filter(Boolean);
    set(element, { "aria-label": `${label || name}: ${heard.join(", ")}`, "data-state": state?.state ?? null, "data-lost": lost ? "true" : null });
    if (!face || !state) return;
    const there = Boolean(state.video) && !trouble;
    show(face.words, !there);
    show(face.star, there || state.star);
    show(face.image, there && Boolean(face.image.src));
    fill(face.sign, lost ? "⚠" : state.sign);
    fill(face.word, word);
    fill(face.line, line);
    face.line.title = line;
    show(face.retry, state.retry);
    show(face.why, state.trouble);
    fill(face.star, state.star ? "★" : "☆");
    set(face.star, { "aria-label": t(state.star ? "sweep.unstar" : "sweep.star"), "aria-pressed": String(state.star), title: t(state.star ? "sweep.unstar" : "sweep.star") });
    fill(face.caption, [label || (flat && name), preview && there && t("sweep.preview_tag")].filter(Boolean).join(" · "));
    fill(face.rating, state.rating ? "●".repeat(state.rating) : "");
    fill(face.metrics, label ? "" : state.metrics);
  }

  function fail(words) {
    trouble = words;
    draw();
  }

  async function drawPoster() {
    const key = state?.video?.poster ?? null;
    if (!face || !near || key === poster) return;
    poster = key;
    face.image.removeAttribute("src");
    show(face.image, false);
    if (key === null) return;
    try {
      const url = await media.picture(key, POSTER);
      if (key !== poster) return;
      face.image.src = url;
      draw();
    } catch (error) {
      if (key !== poster) return;
      poster = null; // the next look tries again
      if (!screen) fail(error.message);
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
      if (other) trouble = "";
      if (other && screen) this.unload();
      draw();
      drawPoster();
      return other;
    },
    /** It comes near what is in sight, or leaves it. */
    approach(now) {
      if (now && !near) trouble = "";
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
      const stale = () => !near || state.video?.key !== video.key;
      const url = await media.video(video.key, video.bytes).catch((error) => {
        if (!stale()) fail(error.message);
        throw error;
      });
      if (stale() || screen) return null;
      screen = createScreen();
      const mine = screen;
      face.home.append(mine.element);
      try {
        await mine.load(url);
      } catch (error) {
        if (screen === mine) {
          this.unload();
          fail(t("player.cannot_play"));
        }
        throw error;
      }
      if (screen !== mine) return null;
      if (trouble) fail("");
      return mine;
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
    get label() {
      return label || name;
    },
    select(selected) {
      set(element, { "aria-current": selected ? "true" : null, "aria-selected": String(selected) });
      element.tabIndex = selected ? 0 : -1;
    },
    tag(letter) {
      if (!face) return;
      show(fill(face.tag, letter), Boolean(letter));
      set(face.tag, { "data-letter": letter || null });
    },
    /** Rated blindly it has a number in place of what it is; without headers it tells what it is by itself. */
    disguise(number, withoutHeaders) {
      label = number > 0 ? `#${number}` : "";
      flat = withoutHeaders;
      set(element, { role: flat ? "option" : "gridcell" });
      draw();
    },
  };
}

const OWN = new Set(["invalid", "planned", "waiting"]);
/** The key of the word for a state. */
export function stateKey(state) {
  return OWN.has(state) ? `sweep.${state}` : `state.${state}`;
}
