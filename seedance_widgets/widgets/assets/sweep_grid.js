/** The grid: cells under the headers of their axes, of which only those in sight load and play. */

import { h, set, show, uniqueId } from "./dom.js";
import { arrange as lay, keepFocus } from "./focus.js";
import { createCell } from "./sweep_cell.js";
import { createLoader } from "./sweep_loader.js";
import { createClock } from "./sync.js";

const SHOWN = {
  all: () => true,
  done: (cell) => Boolean(cell.video),
  starred: (cell) => cell.star,
  rated: (cell) => cell.rating >= 3,
  trouble: (cell) => cell.trouble,
  open: (cell) => !cell.video,
};

const FEW = 4; // cells that are drawn larger where no headers say how many stand in a row

/**
 * @param {object} parts
 * @param {any} parts.grid  What Python tells of the grid: kind, dimensions, places.
 * @param {any} parts.media
 * @param {(key: string, values?: object) => string} parts.t
 * @param {(clock: any) => void} parts.onTick
 * @param {(index: number) => void} parts.onSelect  Another cell is selected, or it is drawn otherwise.
 * @param {(action: string, index: number) => void} parts.onAct
 * @param {(playing: number, all: number) => void} parts.onCrowd  How many of those in sight play, where not all can.
 */
export function createGrid({ grid, media, t, onTick, onSelect, onAct, onCrowd }) {
  const { dimensions, places } = grid;
  const clock = createClock({ onTick });
  const keys = h("p.sw-quiet.sw-keys", { id: uniqueId("keys") }, t("sweep.keys"));
  const table = h("div.sw-grid", { "aria-label": t("sweep.grid"), "aria-describedby": keys.id });
  const none = h("p.sw-quiet.sw-none", { hidden: true }, t("sweep.none_shown"));
  none.tabIndex = -1; // may be given the focus
  const scroller = h("div.sw-scroller", {}, table, none);
  const element = h("div.sw-grid-home", {}, scroller, keys);
  const name = (place) => place.map((i, axis) => dimensions[axis].heads[i]).join(" · ");
  const cells = places.map((place, index) => createCell({ index, name: name(place) || t("sweep.cell"), media, t, onAct }));
  const byElement = new Map(cells.map((cell) => [cell.element, cell]));
  const loader = createLoader({ scroller, clock, byElement, ordered: () => order, onNear: (cell) => cell.tag(letterOf(cell.index)), onCrowd });
  let columns = dimensions.length ? 0 : -1; // which dimension; -1 for none
  let rows = dimensions.length > 1 ? 1 : -1;
  const page = dimensions.map(() => 0);
  let filter = "all";
  let blind = null; // the order of the cells that have a video, while they are rated blindly
  let selected = 0;
  let order = []; // the cells as they stand, for the arrow keys
  let shape = 0;
  const pair = { A: null, B: null };

  function letterOf(index) {
    return pair.A === index ? "A" : pair.B === index ? "B" : "";
  }

  /** Whether a cell is one of those that are asked for; a filter looks at every page. */
  function isShown(cell) {
    if (blind && !cell.state?.video) return false;
    if (cell.state && !SHOWN[filter](cell.state)) return false;
    return Boolean(blind) || filter !== "all" || places[cell.index].every((i, axis) => axis === columns || axis === rows || i === page[axis]);
  }

  /** Put the cells in their places; the focus stays on its cell, or goes to the nearest one that is left. */
  function arrange() {
    const before = order;
    const flat = Boolean(blind) || rows < 0 || filter !== "all";
    const shown = new Set(cells.filter(isShown));
    keepFocus(scroller, () => {
      table.classList.toggle("sw-flow", flat);
      table.classList.toggle("sw-table", !flat);
      set(table, { role: flat ? "listbox" : "grid" });
      for (const cell of cells) cell.disguise(blind ? blind.indexOf(cell.index) + 1 : 0, flat);
      if (flat) flow(shown);
      else tabulate(shown);
      show(none, !order.length);
      show(table, Boolean(order.length));
      if (order.length && !order.includes(cells[selected])) mark(nearest(before).index);
    }, () => (order.length ? cells[selected].element : none));
    const there = new Set(order);
    for (const cell of cells) if (!there.has(cell)) loader.forget(cell);
    for (const cell of order) loader.watch(cell);
    cells[selected]?.select(true);
    measure();
    loader.next();
    onSelect(selected);
  }

  function flow(shown) {
    order = blind ? blind.map((i) => cells[i]).filter((cell) => shown.has(cell)) : cells.filter((cell) => shown.has(cell));
    table.style.removeProperty("--sw-columns");
    set(table, { "data-few": order.length <= FEW ? order.length : null });
    lay(table, order.map((cell) => cell.element));
  }

  function tabulate(shown) {
    const across = dimensions[columns]?.labels.length ?? 1;
    const at = new Map();
    for (const cell of shown) at.set(`${places[cell.index][rows]} ${columns < 0 ? 0 : places[cell.index][columns]}`, cell);
    const header = (role, words) => h(`div.sw-${role}-head`, { role: `${role}header` }, h("span", { dir: "auto", title: words }, words));
    const row = (...children) => h("div.sw-grid-row", { role: "row" }, ...children);
    const corner = h("div.sw-corner", { role: "columnheader", "aria-label": [dimensions[rows].title, dimensions[columns]?.title].filter(Boolean).join(" / ") });
    table.style.setProperty("--sw-columns", String(across));
    const lines = [row(corner, ...Array.from({ length: across }, (_, x) => header("column", columns < 0 ? "" : dimensions[columns].heads[x])))];
    order = [];
    dimensions[rows].heads.forEach((words, y) => {
      const line = Array.from({ length: across }, (_, x) => at.get(`${y} ${x}`) ?? null);
      order.push(...line.filter(Boolean));
      lines.push(row(header("row", words), ...line.map((cell) => cell?.element ?? h("div.sw-cell-left-out", { role: "gridcell", "aria-label": t("sweep.left_out") }))));
    });
    table.replaceChildren(...lines);
  }

  /** The cell that stands closest to where the selected one stood. */
  function nearest(before) {
    const was = before.indexOf(cells[selected]);
    const there = new Set(order);
    const left = (list) => list.find((cell) => there.has(cell));
    return (was >= 0 && (left(before.slice(was)) ?? left(before.slice(0, was).reverse()))) || order[0];
  }

  function mark(index) {
    cells[selected]?.select(false);
    selected = index;
    cells[selected].select(true);
  }

  function select(index, focus = true) {
    mark(index);
    if (focus) cells[selected].element.focus({ preventScroll: false });
    onSelect(index);
  }

  function move(x, y) {
    const at = order.findIndex((cell) => cell.index === selected);
    if (at < 0) return;
    if (x) {
      const next = order[at + x];
      if (next) select(next.index);
      return;
    }
    // The nearest one in the row above or below, wherever the rows break.
    const first = order[at].element.getBoundingClientRect();
    let best = null;
    for (const cell of order) {
      const box = cell.element.getBoundingClientRect();
      const down = (box.top - first.top) * y;
      if (down < first.height / 2) continue;
      const far = down * 3 + Math.abs(box.left - first.left);
      if (!best || far < best.far) best = { far, cell };
    }
    if (best) select(best.cell.index);
  }

  table.addEventListener("click", (event) => {
    const cell = byElement.get(event.target.closest(".sw-cell"));
    if (cell && !event.target.closest("button")) select(cell.index);
  });
  table.addEventListener("dblclick", (event) => {
    const cell = byElement.get(event.target.closest(".sw-cell"));
    if (cell && !event.target.closest("button")) onAct("enlarge", cell.index);
  });
  scroller.addEventListener("keydown", (event) => {
    if (event.target.closest("button, input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (steps) move(...steps);
    else if (event.key === "Home" && order.length) select(order[0].index);
    else if (event.key === "End" && order.length) select(order.at(-1).index);
    else if (event.key === " ") clock.toggle();
    else if (event.key === "Enter" && order.length) onAct("enlarge", selected);
    else if (event.key === ",") clock.step(-1);
    else if (event.key === ".") clock.step(1);
    else if (order.length && ("sab".includes(event.key) || /^[0-5]$/.test(event.key))) onAct(event.key, selected);
    else return;
    event.preventDefault();
  });
  const away = () => document.hidden && clock.playing && clock.pause();
  document.addEventListener("visibilitychange", away);

  /** The clock runs as long as the longest video; the cells have the shape of the first one on show. */
  function measure() {
    const videos = cells.map((cell) => cell.state?.video).filter(Boolean);
    const longest = videos.reduce((most, video) => (video.duration > (most?.duration ?? 0) ? video : most), null);
    clock.setLength(longest?.duration ?? 0, longest?.fps ?? 24);
    const first = order.find((cell) => cell.state?.video)?.state.video;
    const next = first ? first.width / first.height : 16 / 9;
    if (next !== shape) table.style.setProperty("--sw-shape", String((shape = next)));
  }

  return {
    element,
    clock,
    cells,
    pair,
    get selected() {
      return selected;
    },
    /** Whether any cell is on show. */
    get any() {
      return order.length > 0;
    },
    get layout() {
      return { columns, rows, page, filter, blind: Boolean(blind) };
    },
    select,
    /** Give the focus to the selected cell. */
    focus() {
      (order.length ? cells[selected].element : none).focus({ preventScroll: true });
    },
    /** Draw it, at first and where it is on show again: what is selected may be on none of its places. */
    draw: arrange,
    /** Take in the cells that have changed. */
    update(states) {
      let again = false;
      for (const state of states) {
        const cell = cells[state.i];
        const before = isShown(cell);
        const screen = cell.screen;
        if (cell.set(state)) loader.anew(cell);
        if (screen && screen !== cell.screen) clock.leave(screen); // its video has given way to another
        if (blind && state.video && !blind.includes(state.i)) blind.push(state.i);
        again ||= before !== isShown(cell);
      }
      if (again) arrange();
      else measure();
      loader.next();
    },
    setLayout({ columns: across = columns, rows: down = rows }) {
      [columns, rows] = [across, down];
      arrange();
    },
    setPage(axis, index) {
      page[axis] = index;
      arrange();
    },
    setFilter(next) {
      filter = next;
      arrange();
    },
    setBlind(on) {
      blind = on ? shuffled(cells.filter((cell) => cell.state?.video).map((cell) => cell.index)) : null;
      // Who chose two remembers what they were: which number is which would be told by their letters.
      if (on) for (const letter of ["A", "B"]) if (pair[letter] !== null) this.setPair(letter, pair[letter]);
      set(element, { "data-blind": on ? "true" : null });
      arrange();
    },
    setPair(letter, index) {
      const before = pair[letter];
      pair[letter] = before === index ? null : index;
      const other = letter === "A" ? "B" : "A";
      if (pair[other] === pair[letter]) pair[other] = null;
      for (const i of [before, index]) if (i !== null) cells[i].tag(letterOf(i));
    },
    dispose() {
      document.removeEventListener("visibilitychange", away);
      loader.dispose();
      clock.dispose();
      cells.forEach((cell) => cell.unload());
    },
  };
}

function shuffled(list) {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
