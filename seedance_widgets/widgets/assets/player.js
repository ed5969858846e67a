/** A video with its frames: play, step, scrub, compare. The bytes come when they are wanted, the poster at once. */

import { fill, h, set, show, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { createMedia } from "./media.js";
import { createScreen } from "./screen.js";

// A video up to this size is fetched as soon as it is in sight; a larger one when play is pressed.
const SMALL = 20e6;
const POSTER = 960;
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

/**
 * @param {object} parts
 * @param {import("./rpc.js").Rpc} parts.rpc
 * @param {(key: string, values?: object) => string} parts.t
 * @param {ReturnType<typeof createMedia>} [parts.media]  Shared with the rest of a surface; one of its own without it.
 */
export function createPlayer({ rpc, t, media: shared }) {
  const media = shared ?? createMedia(rpc);
  const first = createScreen(t);
  const second = createScreen(t);
  const wipe = h("input.sw-wipe", { type: "range", min: 0, max: 100, step: "any", value: 50, "aria-label": t("player.wipe") });
  const names = [h("span.sw-tag.sw-tag-a"), h("span.sw-tag.sw-tag-b")];
  const message = h("button.sw-player-message", { type: "button", onclick: () => play() });
  const loading = h("progress.sw-player-loading", { max: 1, hidden: true, "aria-label": t("player.loading") });
  const state = h("span.sw-hidden-text", { role: "status" });
  const picture = h("div.sw-picture", {}, first.element, second.element, h("div.sw-wipe-line", { "aria-hidden": "true" }), ...names, wipe, message, loading);

  const button = (name, sign, press) =>
    h("button.sw-player-button", { type: "button", "aria-label": t(`player.${name}`), title: t(`player.${name}`), onclick: press }, sign);
  const main = button("play", icon("play"), () => toggle());
  const frame = h("span.sw-player-frame");
  const scrub = h("input.sw-scrub", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": t("player.frame_number") });
  const time = h("span.sw-player-time");
  const speed = h(
    "select.sw-speed",
    { "aria-label": t("player.speed"), title: t("player.speed"), onchange: () => setSpeed(Number(speed.value)) },
    ...SPEEDS.map((value) => h("option", { value: String(value) }, `${value}×`)),
  );
  const loop = button("loop", icon("loop"), () => setLoop(!looping));
  const mute = button("mute", icon("muted"), () => setMuted(!muted));
  const full = button("full", icon("full"), () => fullScreen());
  const save = button("download", icon("download"), () => download());
  const keys = h("span.sw-hidden-text", { id: uniqueId("keys") }, t("player.keys"));
  const bar = h("div.sw-player-bar", {}, main, frame, scrub, time, speed, loop, mute, full, save);
  const element = h("div.sw-player", { role: "group", tabIndex: 0, "aria-describedby": keys.id }, picture, bar, keys, state);

  let video = null;
  let other = null;
  let loaded = false;
  let fetching = null;
  let looping = true;
  let muted = true;
  let rate = 1;
  let shownAt = 0;
  let disposed = false;
  let watching = 0;
  let running = false; // until somebody pauses: an end that was stepped to is not one that was played to
  speed.value = "1";

  const screens = () => (other ? [first, second] : [first]);
  const last = () => Math.max(0, video.frames - 1);
  const frameAt = (seconds) => Math.min(last(), Math.max(0, Math.floor(seconds * video.fps + 1e-3)));
  // The middle of a frame: rounding can never land on its neighbour.
  const middleOf = (number) => (number + 0.5) / video.fps;

  const seen = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && video && bytes() <= SMALL) fetchAll().catch(() => {});
  });
  seen.observe(element);

  function bytes() {
    return video.bytes + (other?.bytes ?? 0);
  }

  /** Fetch what is to be played, once. */
  function fetchAll() {
    fetching ??= (async () => {
      const wanted = [video, other].filter(Boolean);
      const parts = wanted.map(() => 0);
      const progress = (i) => (part) => {
        parts[i] = part;
        const got = wanted.reduce((sum, one, k) => sum + one.bytes * parts[k], 0);
        loading.value = got / bytes();
        loading.title = t("player.loading_of", { got: megabytes(got), all: megabytes(bytes()) });
        if (bytes() > SMALL) say(loading.title);
      };
      show(loading, true);
      try {
        const urls = await Promise.all(wanted.map((one, i) => media.video(one.key, one.bytes, progress(i))));
        if (disposed || wanted[0] !== video) return;
        await Promise.all(urls.map((url, i) => screens()[i].load(url)));
        if (disposed || wanted[0] !== video || (wanted[1] ?? null) !== other) return;
        loaded = true;
        if (shownAt) screens().forEach((screen) => screen.seek(middleOf(shownAt)));
        say("");
        set(element, { "data-loaded": "true" });
        drawTime();
      } catch (error) {
        fetching = null;
        if (!disposed) trouble(error.message);
        throw error;
      } finally {
        show(loading, false);
      }
    })();
    return fetching;
  }

  function say(words) {
    if (state.textContent !== words) fill(state, words);
  }

  function trouble(words) {
    fill(message, `${words} `, h("u", {}, t("player.again")));
    show(message, true);
    say(words);
  }

  async function play() {
    if (!video) return;
    show(message, false);
    try {
      await fetchAll();
    } catch {
      return;
    }
    if (first.video.ended || frameAt(first.video.currentTime) >= last()) await seekTo(0);
    running = true;
    try {
      await Promise.all(screens().map((screen) => screen.video.play()));
    } catch (error) {
      if (error.name !== "AbortError") trouble(error.message);
    }
  }

  function pause() {
    running = false;
    screens().forEach((screen) => screen.video.pause());
    if (loaded) {
      shownAt = frameAt(first.video.currentTime);
      if (other) seekTo(shownAt);
    }
  }

  function hold() {
    if (!first.video.paused) pause();
    running = false;
  }

  const toggle = () => (first.video.paused ? play() : pause());

  async function seekTo(number) {
    if (!video) return;
    shownAt = Math.min(last(), Math.max(0, number));
    drawTime();
    try {
      await fetchAll();
    } catch {
      return;
    }
    screens().forEach((screen) => screen.seek(middleOf(shownAt)));
  }

  function step(by) {
    hold();
    seekTo(shownAt + by);
  }

  function setSpeed(value) {
    rate = value;
    speed.value = String(value);
    [first, second].forEach((screen) => (screen.video.playbackRate = value));
  }

  function setLoop(now) {
    looping = now;
    set(loop, { "aria-pressed": String(now) });
  }

  function setMuted(now) {
    muted = now;
    first.video.muted = now;
    fill(mute, icon(now ? "muted" : "sound"));
    set(mute, { "aria-pressed": String(now) });
  }

  function fullScreen() {
    const root = element.getRootNode();
    if (root.fullscreenElement) document.exitFullscreen();
    else element.requestFullscreen?.().catch((error) => trouble(error.message));
  }

  async function download() {
    const asked = video;
    try {
      const href = await media.video(asked.key, asked.bytes);
      const link = h("a", { href, download: asked.name });
      element.append(link);
      link.click();
      link.remove();
    } catch (error) {
      trouble(error.message);
    }
  }

  /** Both play to one clock: the first one's. Half a frame apart is too much. */
  function inStep() {
    if (!other || first.video.paused || !second.video.duration) return;
    const apart = second.video.currentTime - Math.min(first.video.currentTime, second.video.duration);
    const half = 0.5 / video.fps;
    if (Math.abs(apart) > 6 * half) second.seek(first.video.currentTime);
    else second.video.playbackRate = Math.abs(apart) > half / 2 ? rate * (1 - Math.sign(apart) * 0.08) : rate;
    if (second.video.paused && !second.video.ended) second.video.play().catch(() => {});
  }

  function drawTime(seconds = null) {
    const number = seconds === null ? shownAt : frameAt(seconds);
    shownAt = number;
    fill(frame, t("player.frame", { n: number + 1, all: video.frames }));
    const at = seconds === null || seconds === undefined ? number / video.fps : seconds;
    fill(time, t("player.time", { at: at.toFixed(2), all: video.duration.toFixed(2) }));
    if (Number(scrub.value) !== number) scrub.value = String(number);
    set(scrub, { "aria-valuetext": frame.textContent });
  }

  function drawPlaying() {
    const playing = !first.video.paused && !first.video.ended;
    fill(main, icon(playing ? "pause" : "play"));
    set(main, { "aria-label": t(playing ? "player.pause" : "player.play") });
    main.title = t(playing ? "player.pause" : "player.play");
    set(element, { "data-playing": playing ? "true" : null });
    if (playing) watch();
  }

  /** Follow the frames that are really shown, where the browser tells them. */
  function watch() {
    const mine = (watching += 1);
    const each = (seconds) => {
      if (mine !== watching || disposed || first.video.paused) return;
      drawTime(seconds);
      inStep();
      next();
    };
    const next = () =>
      first.video.requestVideoFrameCallback
        ? first.video.requestVideoFrameCallback((_, { mediaTime }) => each(mediaTime))
        : requestAnimationFrame(() => each(first.video.currentTime));
    next();
  }

  first.video.addEventListener("play", drawPlaying);
  first.video.addEventListener("pause", drawPlaying);
  first.video.addEventListener("ended", async () => {
    drawPlaying();
    if (!running) return;
    drawTime(video.duration);
    if (!looping) return pause();
    await seekTo(0);
    await Promise.all(screens().map((screen) => screen.video.play())).catch(() => {});
  });
  first.video.addEventListener("timeupdate", () => loaded && !first.video.paused && drawTime(first.video.currentTime));
  for (const screen of [first, second]) {
    screen.video.addEventListener("error", () => {
      if (!screen.video.getAttribute("src")) return;
      loaded = false;
      fetching = null;
      trouble(t("player.cannot_play"));
    });
  }
  scrub.addEventListener("input", () => {
    hold();
    seekTo(Number(scrub.value));
  });
  wipe.addEventListener("input", () => element.style.setProperty("--sw-wipe", `${wipe.value}%`));
  picture.addEventListener("click", (event) => {
    if (event.target !== wipe && event.target !== message && !message.contains(event.target)) toggle();
  });
  picture.addEventListener("dblclick", () => fullScreen());

  const KEYS = {
    " ": toggle, k: toggle, ",": () => step(-1), ".": () => step(1), m: () => video.has_audio && setMuted(!muted),
    l: () => setLoop(!looping), f: fullScreen, Home: () => seekTo(0), End: () => seekTo(last()),
    "<": () => setSpeed(SPEEDS[Math.max(0, SPEEDS.indexOf(rate) - 1)]),
    ">": () => setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, SPEEDS.indexOf(rate) + 1)]),
  };
  element.addEventListener("keydown", (event) => {
    if (!video || event.ctrlKey || event.metaKey || event.altKey) return;
    const range = event.target === scrub || event.target === wipe;
    const own = event.target.matches("select") || (event.target.matches("button") && [" ", "Enter"].includes(event.key));
    if (own || (event.target === wipe && event.key.startsWith("Arrow"))) return;
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (side) step(side * (event.shiftKey ? Math.round(video.fps) : 1));
    else if (range && ["Home", "End"].includes(event.key) && event.target === wipe) return;
    else if (KEYS[event.key]) KEYS[event.key]();
    else return;
    event.preventDefault();
  });

  /** They are called by their labels, where they have any, and else by their files. */
  function drawNames(next, compared) {
    const [a, b] = [next, compared].map((one) => one?.label ?? one?.name ?? "");
    set(element, { "aria-label": compared ? t("player.compare", { a, b }) : t("player.label", { name: a }) });
    names.forEach((tag, i) => show(fill(tag, ["A", "B"][i], h("span.sw-tag-name", { dir: "auto" }, ` ${[a, b][i]}`)), Boolean(compared)));
  }

  async function drawPosters() {
    const wanted = [video, other];
    for (const [i, one] of wanted.entries()) {
      if (!one?.poster) continue;
      try {
        const url = await media.picture(one.poster, POSTER);
        if (wanted[i] === [video, other][i]) [first, second][i].video.poster = url;
      } catch {
        // The black picture stays; the controls say what there is.
      }
    }
  }

  return {
    element,
    /**
     * Show a video, or two in comparison.
     *
     * @param {any} next  A VideoState.
     * @param {any} [compared]  Another.
     * @param {{autoplay?: boolean, at?: number}} [how]  `at`: where it begins, in seconds; without it at the first frame.
     */
    show(next, compared = null, { autoplay = false, at = null } = {}) {
      const begins = autoplay && !matchMedia("(prefers-reduced-motion: reduce)").matches;
      drawNames(next, compared);
      if (next.key === video?.key && compared?.key === other?.key) {
        if (at === null) return;
        seekTo(frameAt(at));
        if (begins) play();
        return;
      }
      [first, second].forEach((screen) => screen.clear());
      video = next;
      other = compared;
      loaded = false;
      fetching = null;
      shownAt = at === null ? 0 : frameAt(at);
      scrub.max = String(last());
      element.style.setProperty("--sw-shape", `${Number(next.width)} / ${Number(next.height)}`);
      element.style.setProperty("--sw-wipe", `${wipe.value}%`);
      set(element, { "data-loaded": null, "data-compare": compared ? "true" : null });
      show(second.element, Boolean(compared));
      show(wipe, Boolean(compared));
      show(mute, next.has_audio);
      show(message, false);
      first.video.muted = muted = true;
      setMuted(true);
      setLoop(looping);
      setSpeed(rate);
      drawTime();
      drawPlaying();
      drawPosters();
      seen.unobserve(element);
      seen.observe(element); // asks again whether it is in sight
      if (begins) play();
    },
    play,
    pause,
    dispose() {
      disposed = true;
      seen.disconnect();
      [first, second].forEach((screen) => screen.clear());
      if (!shared) media.dispose();
    },
  };
}

function megabytes(count) {
  return (count / 1e6).toFixed(count < 1e7 ? 1 : 0);
}
