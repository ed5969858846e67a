/** A sweep, or a comparison, as a surface of its own. */

import { createDesk } from "./desk.js";
import { h, onChange, set, show, surfaceRoot, translator } from "./dom.js";
import { keepFocus } from "./focus.js";
import { createMedia } from "./media.js";
import { createStudioBelow } from "./studio_below.js";
import { createBar } from "./sweep_bar.js";
import { createDetail } from "./sweep_detail.js";
import { createFoot } from "./sweep_foot.js";
import { createGrid } from "./sweep_grid.js";
import { createHead } from "./sweep_head.js";
import { createMarks } from "./sweep_marks.js";
import { createPair } from "./sweep_pair.js";
import { createTables } from "./sweep_tables.js";

const KEPT = 64; // videos in the page's memory

function render({ model, el, strings }) {
  const t = translator(model, strings);
  const desk = createDesk(model, t);
  const { rpc, ask, say } = desk;
  const media = createMedia(rpc, KEPT);
  const root = surfaceRoot(model, "sweep");

  const gridState = model.get("grid");
  const isSweep = gridState.kind === "sweep";
  let view = "grid";
  const grid = createGrid({ grid: gridState, media, t, onTick: (clock) => foot.tick(clock), onSelect: () => drawDetail(), onAct: act, onCrowd: (playing, all) => foot.crowd(playing, all) });
  const foot = createFoot({ grid, t, onCompare: compare });
  const marks = createMarks({ ask, draw: (state) => draw([state]) });
  const head = createHead({ ask, t, say });
  const bar = createBar({ grid, gridState, t, onView: showView, onBlind: drawBlind });
  const below = createStudioBelow({ model, ask, t, say });
  const detail = createDetail({ ask, t, say, onAct: act, onStudio: below.possible || isSweep ? openStudio : null, isSweep });
  const tables = createTables({ ask, t, nameOf: (i) => grid.cells[i].name, onPick: (i) => grid.select(i, false) });
  const pair = createPair({ rpc, t, media, grid, onChange: foot.compared, back: grid.focus });
  const notes = h("p.sw-quiet.sw-axis-notes", { dir: "auto" }, gridState.dimensions.map((one) => one.note).filter(Boolean).join(" "));
  show(notes, Boolean(notes.textContent));
  root.append(head.element, ...desk.elements, bar.element, notes, grid.element, tables.element, pair.element, detail.element, foot.element, below.element);
  el.append(root);

  function showView(next) {
    view = next;
    show(grid.element, view === "grid");
    show(foot.element, view === "grid");
    if (view === "grid") grid.draw();
    else grid.clock.pause();
    tables.show(view);
    drawDetail();
  }

  function drawDetail() {
    const cell = view !== "grid" || grid.any ? grid.cells[grid.selected] : null;
    keepFocus(detail.element, () => detail.draw(cell?.state ? cell : null, grid.pair, grid.layout.blind), grid.focus);
    tables.pick(grid.selected);
  }

  async function act(action, index) {
    const cell = grid.cells[index];
    if (!cell.state) return;
    if (action === "s" || action === "star") await marks.put(index, "star", !cell.state.star);
    else if (/^[0-5]$/.test(action)) await marks.put(index, "rating", Number(action));
    else if (action === "retry") await head.run(`retry ${index}`);
    else if (action === "enlarge") pair.enlarge(index);
    else if (action === "why") {
      grid.select(index, false);
      detail.element.scrollIntoView({ block: "nearest" });
    } else if ((action === "a" || action === "b") && cell.state.video) {
      grid.setPair(action.toUpperCase(), index);
      pair.refresh();
      drawDetail();
    }
  }

  /** What was open when blind rating begins would tell which number it has; afterwards it is called by its name. */
  function drawBlind() {
    if (grid.layout.blind) pair.close();
    else pair.refresh();
  }

  async function openStudio(index) {
    if (below.possible) return below.put("studio", { cell: index });
    const code = `sw.Sweep.load(${JSON.stringify(model.get("head").name)})[${index}].request`;
    say(t((await below.copyCode(code, root)) ? "desk.paste_studio" : "sweep.not_copied"));
  }

  function compare(how) {
    say(pair.toggle(how) ? "" : t("sweep.pick_two"));
  }

  function draw(states) {
    grid.update(states);
    const videos = grid.cells.map((cell) => cell.state?.video).filter(Boolean);
    const longest = videos.reduce((most, video) => (video.duration > (most?.duration ?? 0) ? video : most), null);
    foot.setFrames(longest?.frames ?? 0, longest?.fps);
    foot.draw(model.get("head"), videos.length > 1);
    if (states.some((state) => state.i === grid.selected)) drawDetail();
  }

  function take(states) {
    draw(states.map(marks.take));
    if (states.some((state) => pair.holds(state.i))) pair.refresh();
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
  grid.draw();
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
    marks.dispose();
    media.dispose();
    desk.dispose();
    root.remove();
  };
}

export default { render };
