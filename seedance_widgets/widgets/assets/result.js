/** The result of a run: the video, or what became of it, what can be done with it, and all that is known of it. */

import { fill, h, set, show } from "./dom.js";
import { createCodeTab } from "./code_tab.js";
import { createPlayer } from "./player.js";
import { createTabs } from "./tabs.js";
import { createTimelineTab } from "./timeline_tab.js";

const PICTURE = 960; // pixels

/**
 * @param {object} parts
 * @param {import("./rpc.js").Rpc} parts.rpc
 * @param {(key: string, values?: object) => string} parts.t
 * @param {any} parts.media
 * @param {(job: string, how: string) => Promise<any>} [parts.onUse]  Carry something of the run into the form; without
 *   it there is no form. Resolves with `undefined` where that failed.
 * @param {(words: string) => void} parts.onTrouble
 */
export function createResult({ rpc, t, media, onUse, onTrouble }) {
  const player = createPlayer({ rpc, t, media });
  const stage = createStage({ t, media });
  const empty = createEmpty(t);
  const failure = createFailure(t);
  const code = createCodeTab({ rpc, t });
  const timeline = createTimelineTab({ rpc, t });
  const facts = h("dl.sw-facts-list");
  const tabs = createTabs({
    label: t("result.tabs"),
    tabs: [
      { name: "facts", title: t("result.facts"), content: facts },
      { name: "code", title: t("result.code"), content: code.element },
      { name: "timeline", title: t("result.timeline"), content: timeline.element },
    ],
    onSelect(name) {
      code.look(name === "code");
      timeline.look(name === "timeline");
    },
  });
  const said = h("span.sw-quiet.sw-said", { role: "status" });
  const button = (name, press) =>
    h("button.sw-button", { type: "button", title: t(`result.${name}_hint`), onclick: press }, t(`result.${name}`));
  const actions = {
    last_to_first: button("last_to_first", () => use("last_to_first")),
    vary_seed: button("vary_seed", () => use("vary_seed")),
    settings: button("settings", () => use("settings")),
    sweep: button("sweep", () => open("sweep")),
    download: h("button.sw-button", { type: "button", onclick: () => download() }, t("result.download")),
    copy: button("copy", () => copy()),
  };
  const bar = h("div.sw-row.sw-result-actions", { role: "group", "aria-label": t("result.actions"), hidden: true }, ...Object.values(actions), said);
  const element = h("div.sw-result", {}, h("div.sw-screen", {}, empty, stage.element, player.element), failure.element, bar, tabs.element);
  let job = null;
  let single = null;
  let revision;
  let drawn = false;
  let fetching = false;

  async function use(how) {
    fill(said); // of what was pressed before
    const done = await onUse(job.id, how);
    if (done !== undefined) fill(said, t(`result.used_${how}`));
  }

  async function open(name) {
    fill(said);
    tabs.select("code");
    await code.open(name);
    tabs.element.scrollIntoView({ block: "nearest" });
  }

  async function copy() {
    await code.open("python");
    const words = await code.copy();
    fill(said, words);
    if (words) return;
    // The code was selected where it cannot be copied, and must be seen for that.
    tabs.select("code");
    await code.copy();
  }

  async function download() {
    if (fetching) return;
    const { key, bytes, name } = job.video;
    fetching = true;
    try {
      const href = await media.video(key, bytes, (part) => fill(said, t("result.downloading", { percent: Math.floor(part * 100) })));
      const link = h("a", { href, download: name });
      element.append(link);
      link.click();
      link.remove();
      fill(said);
    } catch (trouble) {
      fill(said);
      onTrouble(trouble.message);
    }
    fetching = false;
  }

  function drawVideo() {
    const video = single ?? job?.video ?? null;
    show(player.element, video !== null);
    if (video === null) player.pause();
    else player.show(video);
  }

  function drawActions() {
    show(bar, job !== null);
    if (job === null) return;
    const video = job.video !== null;
    show(actions.last_to_first, Boolean(onUse) && video);
    show(actions.vary_seed, Boolean(onUse) && job.done);
    show(actions.settings, Boolean(onUse) && job.done && !video);
    show(actions.sweep, job.done);
    show(actions.download, video);
    if (video) actions.download.title = t("result.download_hint", { name: job.video.name, size: sizeWords(job.video.bytes) });
  }

  function drawFacts() {
    fill(facts, ...(job?.facts ?? []).flatMap(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]));
  }

  tabs.select("facts");
  return {
    element,
    /**
     * @param {{job: any, single?: any, revision?: number}} next  `job` is a JobState or null, `single` the VideoState of
     *   a video without a job; without a revision there is no form.
     */
    draw(next) {
      const same = drawn && next.job === job && (next.single ?? null) === single && next.revision === revision;
      if (same) return;
      const other = next.job?.id !== job?.id;
      ({ job, single = null, revision } = next);
      drawn = true;
      if (other) fill(said);
      show(empty, job === null && single === null);
      stage.draw(job);
      drawVideo();
      failure.draw(job);
      drawActions();
      drawFacts();
      code.draw({ job, revision });
      timeline.draw(job);
      tabs.offer(job === null ? ["code"] : ["facts", "code", "timeline"]);
    },
    dispose() {
      player.dispose();
    },
  };
}

/** What there is to see until the video is there: the picture it starts from, and the state. */
function createStage({ t, media }) {
  const picture = h("img.sw-stage-picture", { alt: t("result.picture_of"), hidden: true });
  const sign = h("span.sw-sign", { "aria-hidden": "true" });
  const word = h("strong");
  const prompt = h("span.sw-stage-prompt");
  const element = h("div.sw-stage", { hidden: true }, picture, h("div.sw-stage-words", {}, h("span", {}, sign, word), prompt));
  let shown = null;

  async function drawPicture(key) {
    if (key === shown) return;
    shown = key;
    show(picture, false);
    if (key === null) return;
    try {
      const src = await media.picture(key, PICTURE);
      if (key !== shown) return;
      picture.src = src;
      show(picture, true);
    } catch {
      // The words stay: the picture only adorns.
    }
  }

  return {
    element,
    draw(job) {
      const there = job !== null && job.video === null && job.error === null;
      show(element, there);
      if (!there) return;
      set(element, { "data-state": job.state });
      element.style.aspectRatio = job.shape ? `${Number(job.shape[0])} / ${Number(job.shape[1])}` : "";
      fill(sign, job.sign);
      fill(word, t(`state.${job.state}`));
      fill(prompt, job.prompt);
      drawPicture(job.poster);
    },
  };
}

/** What a run without a video has to say: what happened, why, what to do, and what it costs. */
function createFailure(t) {
  const title = h("strong");
  const words = h("p.sw-failure-text");
  const list = h("dl.sw-facts-list");
  const element = h("section.sw-failure", { "aria-label": t("result.what_happened"), hidden: true }, title, words, list);
  return {
    element,
    draw(job) {
      const error = job?.error ?? null;
      show(element, error !== null || Boolean(job?.done && job.note));
      if (element.hidden) return;
      set(element, { "data-state": job.state });
      fill(title, h("span.sw-sign", { "aria-hidden": "true" }, job.sign), t(`state.${job.state}`));
      fill(words, error?.text ?? job.note);
      const rows = ["meaning", "cause", "next_step", "billed"].filter((name) => error?.[name]);
      fill(list, ...rows.flatMap((name) => [h("dt", {}, t(`result.${name}`)), h("dd", {}, error[name])]));
    },
  };
}

/** Before the first run: three lines that say how to come to a video. */
function createEmpty(t) {
  const steps = ["empty_image", "empty_prompt", "empty_generate"].map((name) => h("li", {}, t(`result.${name}`)));
  return h("div.sw-empty", {}, h("span.sw-empty-sign", { "aria-hidden": "true" }, "▷"), h("strong", {}, t("result.empty_title")), h("ol", {}, ...steps));
}

function sizeWords(bytes) {
  return bytes < 100_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

