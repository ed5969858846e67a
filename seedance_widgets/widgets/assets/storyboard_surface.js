/** A storyboard: its shots in a column, and the film that they make. */

import { createDesk } from "./desk.js";
import { fill, h, onChange, set, show, surfaceRoot, translator } from "./dom.js";
import { icon } from "./icons.js";
import { createMedia } from "./media.js";
import { createPlayer } from "./player.js";
import { createQuestion } from "./question.js";

const POSTER = 320;
const OWN = new Set(["planned", "waiting", "invalid", "outdated"]);

function render({ model, el, strings }) {
  const t = translator(model, strings);
  const desk = createDesk(model, t);
  const { rpc, ask, say } = desk;
  const media = createMedia(rpc, 8);
  const root = surfaceRoot(model, "storyboard");
  const button = (words, press, main = "") => h(`button.sw-button.sw-small${main}`, { type: "button", onclick: press }, words);

  const dot = h("span.sw-dot", { "aria-hidden": "true" });
  const who = h("span");
  const name = h("span.sw-quiet");
  const summary = h("span.sw-quiet.sw-summary", { role: "status" });
  const make = button("", () => send("run", {}), ".sw-main");
  const film = button(t("storyboard.film"), () => watch(false));
  const keep = button(t("storyboard.keep"), () => watch(true));
  const question = createQuestion({ ask, t, back: () => (make.hidden ? head.querySelector("button:not([hidden])") : make) });
  const { send } = question;
  const head = h("header.sw-header.sw-bar", {}, h("strong.sw-title", {}, t("storyboard.title")), name, h("span.sw-pill", {}, dot, who), summary, make, film, keep, question.element);
  const player = createPlayer({ rpc, t, media });
  const close = button(t("desk.close"), () => (player.pause(), show(screen, false)));
  const screen = h("section.sw-film", { "aria-label": t("storyboard.screen"), hidden: true }, player.element, close);
  const list = h("ol.sw-shots");
  const input = h("input.sw-input", { type: "text", maxLength: 8000, placeholder: t("storyboard.new"), "aria-label": t("storyboard.new") });
  const adding = h("form.sw-add-shot", {}, input, h("button.sw-button.sw-small", { type: "submit" }, t("storyboard.add")));
  root.append(head, ...desk.elements, screen, list, adding);
  el.append(root);

  const rows = [];

  let sending = false; // a second Enter while the first is on its way would add the shot twice
  adding.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = input.value;
    if (!typed.trim() || sending) return;
    sending = true;
    const done = await ask("add", { prompt: typed.trim() });
    sending = false;
    if (done && input.value === typed) input.value = ""; // what was typed meanwhile is the next shot
  });
  list.addEventListener("keydown", (event) => {
    if (event.repeat && event.target.closest("button")) event.preventDefault(); // a held key would go on with the next shot
  });
  const placeOf = (prompt) => model.get("board").shots.findIndex((shot) => shot.prompt === prompt);

  async function watch(kept) {
    const value = await ask("film", { keep: kept });
    if (!value) return;
    say(value.words);
    show(screen, true);
    player.show(value.video, null, { autoplay: !kept });
  }

  function watchShot(shot) {
    say("");
    show(screen, true);
    player.show(shot.video, null, { autoplay: true });
    screen.scrollIntoView({ block: "nearest" });
  }

  function draw() {
    const board = model.get("board");
    if (!board.provider) return; // its first state is on its way
    fill(name, board.name);
    fill(who, board.provider.words);
    dot.dataset.billed = String(board.provider.billed);
    fill(summary, board.summary);
    show(fill(make, board.make === 1 ? t("storyboard.make_one") : t("storyboard.make", { n: board.make })), board.make > 0);
    show(film, board.any);
    show(keep, board.all);
    while (rows.length < board.shots.length) rows.push(createRow({ index: rows.length, t, media, ask, send, button, placeOf, onWatch: watchShot }));
    rows.forEach((row, i) => i < board.shots.length && row.draw(board.shots[i], board));
    fill(list, ...rows.slice(0, board.shots.length).map((row) => row.element));
    set(root, { "data-ready": "true" });
  }
  const stop = onChange(model, ["board"], draw);
  draw();
  return () => {
    stop();
    player.dispose();
    media.dispose();
    desk.dispose();
    root.remove();
  };
}

/** One shot: its picture, its prompt, how it stands, and what can be done with it. */
function createRow({ index, t, media, ask, send, button, placeOf, onWatch }) {
  const image = h("img.sw-shot-picture", { alt: "", hidden: true });
  const sign = h("span.sw-shot-sign", { "aria-hidden": "true" });
  const play = h("button.sw-shot-play", { type: "button", "aria-label": t("storyboard.watch", { n: index }), title: t("storyboard.watch", { n: index }), hidden: true, onclick: () => onWatch(shot) }, icon("play"));
  const number = h("strong", {}, t("storyboard.shot", { n: index }));
  const state = h("span.sw-shot-state", { role: "status" });
  const link = h("span.sw-quiet");
  const prompt = h("textarea.sw-input.sw-shot-prompt", { rows: 2, maxLength: 8000, "aria-label": t("storyboard.prompt", { n: index }), onfocus: () => (begun = shot?.prompt ?? null), onchange: () => edit(), onblur: () => shot && (prompt.value = shown()) });
  const line = h("div.sw-quiet.sw-shot-line");
  const again = button(t("storyboard.again"), () => send("rerun", { shot: index }));
  again.title = t("storyboard.again_hint");
  const sized = (words, text, press) => h("button.sw-button.sw-small", { type: "button", "aria-label": words, title: words, onclick: (event) => event.detail < 2 && press() }, text); // the second half of a double click is none
  const up = sized(t("storyboard.up"), "↑", () => ask("move", { shot: index, by: -1 }));
  const down = sized(t("storyboard.down"), "↓", () => ask("move", { shot: index, by: 1 }));
  const remove = sized(t("storyboard.remove"), "×", () => ask("remove", { shot: index }));
  const element = h(
    "li.sw-shot",
    {},
    h("div.sw-shot-frame", {}, image, sign, play),
    h("div.sw-shot-main", {}, h("div.sw-shot-head", {}, number, state, link), prompt, line),
    h("div.sw-shot-buttons", {}, again, up, down, remove),
  );
  let shot = null;
  let poster = null;
  let begun = null; // the prompt that was there when the person came to it
  let typed = null; // what is on its way to Python

  const shown = () => typed ?? shot.prompt;

  async function edit() {
    const words = prompt.value;
    if (!shot || !words.trim() || words === begun) return;
    // Shots may have come to other places since: the words belong to the one that was read.
    const at = shot.prompt === begun ? index : placeOf(begun);
    if (at < 0) return;
    typed = at === index ? words : null;
    await ask("edit", { shot: at, prompt: words });
    typed = null;
  }

  async function drawPoster() {
    const key = shot.video?.poster ?? null;
    if (key === poster) return;
    poster = key;
    show(image, false);
    if (key === null) return;
    try {
      image.src = await media.picture(key, POSTER);
      show(image, key === poster);
    } catch {
      poster = null; // the next look tries again
    }
  }

  return {
    element,
    draw(next, board) {
      const count = board.shots.length;
      shot = next;
      set(element, { "data-state": shot.state });
      fill(sign, shot.video ? "" : shot.sign);
      show(play, Boolean(shot.video));
      fill(state, OWN.has(shot.state) ? t(`storyboard.${shot.state}`) : t(`state.${shot.state}`));
      fill(link, index === 0 ? "" : t(shot.cut ? "storyboard.cut" : "storyboard.chain"));
      fill(line, shot.line);
      if (document.activeElement !== prompt && prompt.value !== shot.prompt) prompt.value = shot.prompt;
      show(again, Boolean(shot.video) || shot.state === "failed");
      again.disabled = prompt.readOnly = shot.busy;
      up.disabled = board.busy || index === 0; // while a shot is under way, all stay where they are
      down.disabled = board.busy || index === count - 1;
      remove.disabled = board.busy || count === 1;
      drawPoster();
    },
  };
}

export default { render };
