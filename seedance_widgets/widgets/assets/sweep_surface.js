/** A sweep, or a comparison, as a surface of its own. */

import { createDesk } from "./desk.js";
import { fill, h, onChange, set, show, surfaceRoot, translator } from "./dom.js";
import { createMedia } from "./media.js";
import { createPlayer } from "./player.js";
import { createStudioBelow } from "./studio_below.js";
import { createBar } from "./sweep_bar.js";
import { createDetail } from "./sweep_detail.js";
import { createFoot } from "./sweep_foot.js";
import { createGrid } from "./sweep_grid.js";
import { createHead } from "./sweep_head.js";
import { createTables } from "./sweep_tables.js";

const KEPT = 64; // videos in the page's memory

function render({ model, el, strings }) {
  const t = translator(model, strings);
  const desk = createDesk(model, t);
  const { rpc, ask, say } = desk;
  const media = createMedia(rpc, KEPT);
  const root = surfaceRoot(model, "sweep");

  const gridState = model.get("grid");
  const grid = createGrid({ grid: gridState, media, t, onTick: (clock) => foot?.tick(clock), onSelect: () => drawDetail(), onAct: act });
  const head = createHead({ ask, t, say });
  const bar = createBar({ grid, gridState, t, onView: (view) => showView(view) });
  const below = createStudioBelow(model);
  const isSweep = gridState.kind === "sweep";
  const detail = createDetail({ ask, t, say, onAct: act, onStudio: below.possible || isSweep ? openStudio : null, isSweep });
  const tables = createTables({ ask, t, nameOf: (i) => grid.cells[i].name, onPick: (i) => grid.select(i, false) });
  const pair = createPair({ rpc, t, media });
  let foot = createFoot({ grid, t, onCompare: compare });
  const notes = h("p.sw-quiet.sw-axis-notes", {}, gridState.dimensions.map((one) => one.note).filter(Boolean).join(" "));
  show(notes, Boolean(notes.textContent));
  root.append(head.element, ...desk.elements, bar.element, notes, grid.element, tables.element, pair.element, detail.element, foot.element, below.element);
  el.append(root);

  function showView(view) {
    show(grid.element, view === "grid");
    show(foot.element, view === "grid");
    if (view !== "grid") grid.clock.pause();
    tables.show(view);
  }

  function drawDetail() {
    const cell = grid.cells[grid.selected];
    if (cell) detail.draw(cell, grid.pair, grid.layout.blind);
  }

  async function act(action, index) {
    const cell = grid.cells[index];
    if (action === "s" || action === "star") await ask("mark", { cell: index, star: !cell.state?.star });
    else if (/^[0-5]$/.test(action)) await ask("mark", { cell: index, rating: Number(action) });
    else if (action === "retry") await head.run(`retry ${index}`);
    else if (action === "why") {
      grid.select(index, false);
      detail.element.scrollIntoView({ block: "nearest" });
    } else if ((action === "a" || action === "b") && cell.state?.video) {
      grid.setPair(action.toUpperCase(), index);
      pair.refresh(grid);
      drawDetail();
    }
  }

  async function openStudio(index) {
    if (below.possible) return say((await ask("studio", { cell: index }))?.words ?? "");
    const code = `sw.Sweep.load(${JSON.stringify(model.get("head").name)})[${index}].request`;
    say(t((await below.copyCode(code, root)) ? "common.paste_studio" : "sweep.not_copied"));
  }

  function compare(how) {
    const [a, b] = [grid.pair.A, grid.pair.B].map((i) => (i === null ? null : grid.cells[i]));
    if (!a?.state.video || !b?.state.video) return say(t("sweep.pick_two"));
    say("");
    grid.clock.pause();
    pair.open(a, b, how, grid.layout.blind);
  }

  function take(states) {
    grid.update(states);
    const videos = grid.cells.map((cell) => cell.state?.video).filter(Boolean);
    const longest = videos.reduce((most, video) => (video.duration > (most?.duration ?? 0) ? video : most), null);
    foot.setFrames(longest?.frames ?? 0, longest?.fps);
    foot.draw(model.get("head"), videos.length > 1);
    if (states.some((state) => state.i === grid.selected)) drawDetail();
    tables.refresh();
  }

  const news = (message) => message?.type === "cells" && take(message.cells);
  model.on("msg:custom", news);
  const drawHead = () => {
    head.draw(model.get("head"), gridState.kind);
    foot.draw(model.get("head"), grid.cells.filter((cell) => cell.state?.video).length > 1);
  };
  const stop = onChange(model, ["head"], drawHead);
  drawHead();
  foot.tick({ frame: 0, playing: false });
  foot.setFrames(0);
  ask("cells").then((states) => {
    if (!states) return;
    take(states);
    drawDetail();
    set(root, { "data-ready": "true" });
  });

  return () => {
    model.off("msg:custom", news);
    stop();
    below.dispose();
    detail.dispose();
    head.dispose();
    pair.dispose();
    grid.dispose();
    foot = null;
    media.dispose();
    desk.dispose();
    root.remove();
  };
}

/** Two cells over one another: a wipe between them, or their difference. */
function createPair({ rpc, t, media }) {
  const player = createPlayer({ rpc, t, media });
  const close = h("button.sw-button.sw-small", { type: "button", onclick: () => hide() }, t("common.close"));
  const element = h("section.sw-pair", { hidden: true }, player.element, close);
  let how = "wipe";
  let blind = false;

  function hide() {
    player.pause();
    show(element, false);
  }
  element.addEventListener("keydown", (event) => event.key === "Escape" && hide());

  function draw(a, b) {
    player.show({ ...a.state.video, name: blind ? "" : a.name }, { ...b.state.video, name: blind ? "" : b.name });
    set(player.element, { "data-compare": how });
  }

  return {
    element,
    open(a, b, next, hidden) {
      how = next;
      blind = hidden;
      set(element, { "aria-label": t(`sweep.${how}`) });
      show(element, true);
      draw(a, b);
      element.scrollIntoView({ block: "nearest" });
      player.element.focus({ preventScroll: true });
    },
    /** A or B is another one now. */
    refresh(grid) {
      if (element.hidden) return;
      const [a, b] = [grid.pair.A, grid.pair.B];
      if (a === null || b === null) hide();
      else draw(grid.cells[a], grid.cells[b]);
    },
    dispose: () => player.dispose(),
  };
}

export default { render };
