/** One <video> that is only ever asked for one seek at a time. */

import { h } from "./dom.js";

export function createScreen() {
  const video = h("video.sw-video", { muted: true, playsInline: true, preload: "auto" });
  const element = h("div.sw-screen-of-one", {}, video);
  let given = null; // lets go whoever waits for the first picture
  let wanted = null; // where to seek next; Chromium can stay "seeking" for ever when a seek overtakes another

  function seekOn() {
    if (wanted === null || video.seeking) return;
    const seconds = wanted;
    wanted = null;
    video.currentTime = Math.min(seconds, video.duration || Infinity);
  }
  video.addEventListener("seeked", seekOn);

  return {
    element,
    video,
    /** Go there, or after the seek that is on its way: of several waiting ones the last counts. */
    seek(seconds) {
      wanted = seconds;
      seekOn();
    },
    /** Resolves when its first picture is there, or when it was cleared meanwhile. */
    load(url) {
      return new Promise((resolve, reject) => {
        given = resolve;
        video.addEventListener("loadeddata", resolve, { once: true });
        video.addEventListener("error", () => reject(new Error(video.error?.message || "error")), { once: true });
        video.src = url;
      });
    },
    clear() {
      wanted = null;
      video.pause();
      video.removeAttribute("src");
      video.removeAttribute("poster");
      video.load();
      given?.(); // a video that is taken away while it loads tells nobody
    },
  };
}
