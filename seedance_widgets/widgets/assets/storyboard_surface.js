/** A storyboard: its shots in a column, and the film that they make. */

import { fill, h, onChange, set, show, surfaceRoot, translator, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { createMedia } from "./media.js";
import { createPlayer } from "./player.js";
import { createRpc } from "./rpc.js";

const POSTER = 320;
const REST = 700; // milliseconds after a press in which a second one is a slip, and before which no answer was read
const OWN = new Set(["planned", "waiting", "invalid", "outdated"]);

function render({ model, el, strings }) {
  const rpc = createRpc(model);
  const t = translator(model, strings);
  const media = createMedia(rpc, 8);
  const root = surfaceRoot(model, "storyboard");
  const notice = h("p.sw-notice", { role: "alert", hidden: true });
  const late = h("p.sw-notice.sw-late", { role: "status", hidden: true });
  const said = h("p.sw-news", { role: "status", hidden: true });
  rpc.onLate((now) => show(fill(late, t("common.kernel_busy")), now));

  async function ask(type, payload) {
    try {
      const { value } = await rpc.call(type, payload);
      show(notice, false);
      return value ?? {};
    } catch (error) {
      show(fill(notice, error.message), true);
      return null;
    }
  }
  const say = (words) => show(fill(said, words), Boolean(words));
  const button = (words, press, main = "") => h(`button.sw-button.sw-small${main}`, { type: "button", onclick: press }, words);

  const dot = h("span.sw-dot", { "aria-hidden": "true" });
  const who = h("span");
  const name = h("span.sw-quiet");
  const summary = h("span.sw-quiet.sw-summary", { role: "status" });
  const make = button("", () => send("run", {}), ".sw-main");
  const film = button(t("storyboard.film"), () => watch(false));
  const keep = button(t("storyboard.keep"), () => watch(true));
  const question = h("span", { id: uniqueId("question") });
  const yes = button(t("storyboard.agree"), () => asked && Date.now() - asked.at > REST && send(asked.type, asked.payload, asked.agreed), ".sw-main");
  const no = button(t("storyboard.not_yet"), () => settle());
  const confirm = h("div.sw-confirm", { role: "alertdialog", "aria-label": t("storyboard.confirm"), "aria-describedby": question.id, hidden: true }, question, yes, no);
  const head = h("header.sw-header.sw-bar", {}, h("strong.sw-title", {}, t("storyboard.title")), name, h("span.sw-pill", {}, dot, who), summary, make, film, keep, confirm);
  const player = createPlayer({ rpc, t, media });
  const close = button(t("storyboard.close"), () => (player.pause(), show(screen, false)));
  const screen = h("section.sw-film", { "aria-label": t("storyboard.screen"), hidden: true }, player.element, close);
  const list = h("ol.sw-shots");
  const input = h("input.sw-input", { type: "text", maxLength: 8000, placeholder: t("storyboard.new"), "aria-label": t("storyboard.new") });
  const adding = h("form.sw-add-shot", {}, input, h("button.sw-button.sw-small", { type: "submit" }, t("storyboard.add")));
  root.append(head, notice, late, said, screen, list, adding);
  el.append(root);

  let asked = null;
  let rested = 0;
  const rows = [];

  confirm.addEventListener("keydown", (event) => {
    if (event.key === "Escape") settle();
    if (event.repeat) event.preventDefault(); // a key that is still held answers nothing
  });
  adding.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (input.value.trim() && (await ask("add", { prompt: input.value.trim() }))) input.value = "";
  });

  function settle() {
    const there = confirm.contains(document.activeElement);
    asked = null;
    show(confirm, false);
    if (there && !make.hidden) make.focus();
  }

  /** A press that sends; where it costs money, Python asks first. */
  async function send(type, payload, agreed = null) {
    if (!agreed && Date.now() - rested < REST) return;
    rested = Date.now();
    const value = await ask(type, { ...payload, press: crypto.randomUUID?.() ?? String(Math.random()), agreed });
    settle();
    if (!value?.confirm) return;
    asked = { ...value.confirm, type, payload, at: Date.now() };
    fill(question, asked.line);
    show(confirm, true);
    yes.focus();
  }

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
    while (rows.length < board.shots.length) rows.push(createRow({ index: rows.length, t, media, ask, send, button, onWatch: watchShot }));
    rows.forEach((row, i) => i < board.shots.length && row.draw(board.shots[i], board.shots.length));
    fill(list, ...rows.slice(0, board.shots.length).map((row) => row.element));
    set(root, { "data-ready": "true" });
  }
  const stop = onChange(model, ["board"], draw);
  draw();
  return () => {
    stop();
    player.dispose();
    media.dispose();
    rpc.dispose();
    root.remove();
  };
}

/** One shot: its picture, its prompt, how it stands, and what can be done with it. */
function createRow({ index, t, media, ask, send, button, onWatch }) {
  const image = h("img.sw-shot-picture", { alt: "", hidden: true });
  const sign = h("span.sw-shot-sign", { "aria-hidden": "true" });
  const play = h("button.sw-shot-play", { type: "button", "aria-label": t("storyboard.watch", { n: index + 1 }), title: t("storyboard.watch", { n: index + 1 }), hidden: true, onclick: () => onWatch(shot) }, icon("play"));
  const number = h("strong", {}, t("storyboard.shot", { n: index + 1 }));
  const state = h("span.sw-shot-state", { role: "status" });
  const link = h("span.sw-quiet");
  const prompt = h("textarea.sw-input.sw-shot-prompt", { rows: 2, maxLength: 8000, "aria-label": t("storyboard.prompt", { n: index + 1 }), onchange: () => edit() });
  const line = h("div.sw-quiet.sw-shot-line");
  const again = button(t("storyboard.again"), () => send("rerun", { shot: index }));
  again.title = t("storyboard.again_hint");
  const sized = (words, text, press) => h("button.sw-button.sw-small", { type: "button", "aria-label": words, title: words, onclick: press }, text);
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

  async function edit() {
    if (shot && prompt.value.trim() && prompt.value !== shot.prompt) await ask("edit", { shot: index, prompt: prompt.value });
    else if (shot && !prompt.value.trim()) prompt.value = shot.prompt;
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
    draw(next, count) {
      shot = next;
      set(element, { "data-state": shot.state });
      fill(sign, shot.video ? "" : shot.sign);
      show(play, Boolean(shot.video));
      fill(state, OWN.has(shot.state) ? t(`storyboard.${shot.state}`) : t(`state.${shot.state}`));
      fill(link, index === 0 ? "" : t(shot.cut ? "storyboard.cut" : "storyboard.chain"));
      fill(line, shot.line);
      if (document.activeElement !== prompt && prompt.value !== shot.prompt) prompt.value = shot.prompt;
      show(again, Boolean(shot.video) || shot.state === "failed");
      for (const one of [again, up, down, remove]) one.disabled = shot.busy;
      up.disabled ||= index === 0;
      down.disabled ||= index === count - 1;
      remove.disabled ||= count === 1;
      drawPoster();
    },
  };
}

export default { render };
