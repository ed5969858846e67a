/** A storyboard: its shots in a column, and the film that they make. */

import { createDesk } from "./desk.js";
import { fill, h, onChange, set, show, surfaceRoot, translator } from "./dom.js";
import { arrange, focused, hasFocus, keepFocus } from "./focus.js";
import { icon } from "./icons.js";
import { createMedia } from "./media.js";
import { createPlayer } from "./player.js";
import { createPress } from "./press.js";

const POSTER = 320;
const TYPED = 600; // milliseconds after the last key until a prompt is kept
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
  const cancel = button(t("storyboard.cancel"), async () => say((await ask("cancel"))?.words ?? ""));
  const film = button(t("storyboard.film"), () => watch(false));
  const keep = button(t("storyboard.keep"), () => watch(true));
  const press = createPress({ ask, t, back: () => (make.hidden ? head.querySelector("button:not([hidden])") : make) });
  const { send } = press;
  const head = h("header.sw-header.sw-bar", {}, h("strong.sw-title", {}, t("storyboard.title")), name, h("span.sw-pill", {}, dot, who), summary, make, cancel, film, keep, press.element);
  const player = createPlayer({ rpc, t, media });
  const close = button(t("desk.close"), () => (player.pause(), show(screen, false)));
  const screen = h("section.sw-film", { "aria-label": t("storyboard.screen"), hidden: true }, player.element, close);
  const list = h("ol.sw-shots");
  const empty = h("p.sw-quiet.sw-no-shots", { hidden: true }, t("storyboard.empty"));
  const input = h("input.sw-input", { type: "text", maxLength: 8000, placeholder: t("storyboard.new"), "aria-label": t("storyboard.new") });
  const adding = h("form.sw-add-shot", {}, input, h("button.sw-button.sw-small", { type: "submit" }, t("storyboard.add")));
  root.append(head, ...desk.elements, screen, list, empty, adding);
  el.append(root);

  const rows = new Map(); // by the key of a shot

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
    show(cancel, board.cancel);
    show(film, board.any);
    show(keep, board.all);
    const keys = new Set(board.shots.map(({ key }) => key));
    for (const [key, row] of rows) {
      if (keys.has(key)) continue;
      row.forget();
      rows.delete(key);
    }
    board.shots.forEach((shot, i) => {
      if (!rows.has(shot.key)) rows.set(shot.key, createRow({ key: shot.key, t, media, ask, send, button, onWatch: watchShot }));
      rows.get(shot.key).draw(shot, i, board);
    });
    const at = [...list.children].findIndex(hasFocus); // a shot that is taken out leaves the focus to the one after it
    const beside = () => list.children[Math.min(at, list.children.length - 1)]?.querySelector("textarea") ?? input;
    keepFocus(list, () => arrange(list, board.shots.map(({ key }) => rows.get(key).element)), beside);
    show(empty, board.shots.length === 0);
    set(root, { "data-ready": "true" });
  }
  const stop = onChange(model, ["board"], draw);
  draw();
  return () => {
    stop();
    rows.forEach((row) => row.keep());
    player.dispose();
    media.dispose();
    desk.dispose();
    root.remove();
  };
}

/** One shot: its picture, its prompt, how it stands, and what can be done with it. */
function createRow({ key, t, media, ask, send, button, onWatch }) {
  const image = h("img.sw-shot-picture", { alt: "", hidden: true });
  const sign = h("span.sw-shot-sign", { "aria-hidden": "true" });
  const play = h("button.sw-shot-play", { type: "button", hidden: true, onclick: () => onWatch(shot) }, icon("play"));
  const number = h("strong");
  const state = h("span.sw-shot-state", { role: "status" });
  const link = h("span.sw-quiet");
  const prompt = h("textarea.sw-input.sw-shot-prompt", { rows: 2, maxLength: 8000, dir: "auto", onfocus: () => (begun ??= shot.prompt), oninput: () => keepSoon(), onblur: () => leave() });
  const line = h("div.sw-quiet.sw-shot-line");
  const again = button(t("storyboard.again"), () => send("rerun", { shot: key }));
  again.title = t("storyboard.again_hint");
  const sized = (words, text, press) => h("button.sw-button.sw-small", { type: "button", "aria-label": words, title: words, onclick: (event) => event.detail < 2 && press() }, text); // the second half of a double click is none
  const up = sized(t("storyboard.up"), "↑", () => ask("move", { shot: key, by: -1 }));
  const down = sized(t("storyboard.down"), "↓", () => ask("move", { shot: key, by: 1 }));
  const remove = sized(t("storyboard.remove"), "×", () => ask("remove", { shot: key }));
  const element = h(
    "li.sw-shot",
    {},
    h("div.sw-shot-frame", {}, image, sign, play),
    h("div.sw-shot-main", {}, h("div.sw-shot-head", {}, number, state, link), prompt, line),
    h("div.sw-shot-buttons", {}, again, up, down, remove),
  );
  let shot = null;
  let poster = null;
  let begun = null; // the prompt that the person has read, or that was kept from them; null while nobody is at it
  let timer = 0;
  let kept = null; // the words that are on their way to Python

  function keepSoon() {
    clearTimeout(timer);
    timer = setTimeout(keep, TYPED);
  }

  async function keep() {
    clearTimeout(timer);
    const words = prompt.value;
    const before = begun;
    if (before === null || !words.trim() || words === before) return;
    begun = words;
    kept = ask("edit", { shot: key, prompt: words });
    if (!(await kept) && begun === words) begun = before;
  }

  /** Python has the words, or has refused them: from here on its own are shown. */
  async function leave() {
    await keep();
    await kept;
    if (focused(prompt) === prompt) return;
    begun = null;
    prompt.value = shot.prompt;
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
    draw(next, index, board) {
      const count = board.shots.length;
      shot = next;
      set(element, { "data-state": shot.state });
      fill(number, t("storyboard.shot", { n: index }));
      set(prompt, { "aria-label": t("storyboard.prompt", { n: index }) });
      set(play, { "aria-label": t("storyboard.watch", { n: index }), title: t("storyboard.watch", { n: index }) });
      fill(sign, shot.video ? "" : shot.sign);
      show(play, Boolean(shot.video));
      fill(state, OWN.has(shot.state) ? t(`storyboard.${shot.state}`) : t(`state.${shot.state}`));
      fill(link, index === 0 ? "" : t(shot.cut ? "storyboard.cut" : "storyboard.chain"));
      fill(line, shot.line);
      if (begun === null && prompt.value !== shot.prompt) prompt.value = shot.prompt;
      show(again, Boolean(shot.video) || shot.state === "failed");
      again.disabled = prompt.readOnly = shot.busy;
      up.disabled = board.busy || index === 0; // while a shot is under way, all stay where they are
      down.disabled = board.busy || index === count - 1;
      remove.disabled = board.busy;
      drawPoster();
    },
    keep,
    /** It was taken out: what was typed last goes with it. */
    forget: () => clearTimeout(timer),
  };
}

export default { render };
