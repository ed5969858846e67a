/** The grid: cells under the headers of their axes, of which only those in sight load and play. */

import { fill, h, set, show } from "./dom.js";
import { createCell } from "./sweep_cell.js";
import { createClock } from "./sync.js";

const DECODERS = 36; // videos that are open at once; a browser slows down or fails with more
const NEAR = "120px";
const TRIES = 2;

const SHOWN = {
  all: () => true,
  done: (cell) => Boolean(cell.video),
  starred: (cell) => cell.star,
  rated: (cell) => cell.rating >= 3,
  trouble: (cell) => cell.trouble,
  open: (cell) => !cell.video,
};

/**
 * @param {object} parts
 * @param {any} parts.grid  What Python tells of the grid: kind, dimensions, places.
 * @param {any} parts.media
 * @param {(key: string, values?: object) => string} parts.t
 * @param {(clock: any) => void} parts.onTick
 * @param {(index: number) => void} parts.onSelect
 * @param {(action: string, index: number) => void} parts.onAct
 */
export function createGrid({ grid, media, t, onTick, onSelect, onAct }) {
  const { dimensions, places } = grid;
  const clock = createClock({ onTick });
  const table = h("div.sw-grid");
  const none = h("p.sw-quiet.sw-none", { hidden: true }, t("sweep.none_shown"));
  const element = h("div.sw-scroller", { role: "group", "aria-label": t("sweep.grid") }, table, none);
  const name = (place) => place.map((i, axis) => dimensions[axis].heads[i]).join(" · ");
  const cells = places.map((place, index) => createCell({ index, name: name(place) || t("sweep.cell"), media, t, onAct }));
  const byElement = new Map(cells.map((cell) => [cell.element, cell]));
  let columns = dimensions.length ? 0 : -1; // which dimension; -1 for none
  let rows = dimensions.length > 1 ? 1 : -1;
  const page = dimensions.map(() => 0);
  let filter = "all";
  let blind = null; // the order of the cells, while they are rated blindly
  let selected = 0;
  let order = []; // the cells as they stand, for the arrow keys
  let width = 1;
  const failures = new Map();
  const pair = { A: null, B: null };

  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const cell = byElement.get(target);
        cell.approach(isIntersecting);
        if (isIntersecting) cell.tag(letterOf(cell.index));
        else drop(cell);
      }
      loadNext();
    },
    { root: element, rootMargin: NEAR },
  );

  function letterOf(index) {
    return pair.A === index ? "A" : pair.B === index ? "B" : "";
  }

  function drop(cell) {
    const gone = cell.unload();
    if (gone) clock.leave(gone);
  }

  let loading = 0;
  /** Load what is in sight and not there yet, a few at a time. */
  function loadNext() {
    for (const cell of order) {
      if (loading >= 3) return;
      if (!cell.near || !cell.state?.video || cell.screen || cell.loading || (failures.get(cell.index) ?? 0) >= TRIES) continue;
      if (clock.parts + loading >= DECODERS) return;
      loading += 1;
      cell.loading = true;
      const { duration, fps } = cell.state.video;
      cell
        .load()
        .then((screen) => screen && clock.join(screen, { duration, fps }))
        .catch(() => failures.set(cell.index, (failures.get(cell.index) ?? 0) + 1))
        .finally(() => {
          loading -= 1;
          cell.loading = false;
          loadNext();
        });
    }
  }

  function onPage(place) {
    return place.every((i, axis) => axis === columns || axis === rows || blind || i === page[axis]);
  }

  /** Put the cells in their places. */
  function arrange() {
    const shown = cells.filter((cell) => (blind || onPage(places[cell.index])) && (!cell.state || SHOWN[filter](cell.state)));
    const flat = Boolean(blind) || rows < 0 || filter !== "all";
    table.classList.toggle("sw-flow", flat);
    table.classList.toggle("sw-table", !flat);
    seen.disconnect();
    if (flat) {
      order = blind ? blind.map((i) => cells[i]).filter((cell) => shown.includes(cell)) : shown;
      table.style.removeProperty("--sw-columns");
      table.replaceChildren(...order.map((cell) => cell.element));
    } else {
      const across = dimensions[columns]?.labels.length ?? 1;
      const down = dimensions[rows].labels.length;
      const at = new Map(shown.map((cell) => [`${places[cell.index][rows]} ${columns < 0 ? 0 : places[cell.index][columns]}`, cell]));
      table.style.setProperty("--sw-columns", String(across));
      const children = [h("div.sw-corner")];
      for (let x = 0; x < across; x += 1) children.push(h("div.sw-column-head", {}, columns < 0 ? "" : dimensions[columns].heads[x]));
      order = [];
      for (let y = 0; y < down; y += 1) {
        children.push(h("div.sw-row-head", {}, h("span", {}, dimensions[rows].heads[y])));
        for (let x = 0; x < across; x += 1) {
          const cell = at.get(`${y} ${x}`);
          children.push(cell ? cell.element : h("div.sw-cell-left-out"));
          if (cell) order.push(cell);
        }
      }
      table.replaceChildren(...children);
    }
    const there = new Set(order);
    for (const cell of cells) {
      cell.disguise(blind ? blind.indexOf(cell.index) + 1 : 0);
      if (!there.has(cell)) {
        cell.approach(false);
        drop(cell);
      }
    }
    order.forEach((cell) => seen.observe(cell.element));
    show(none, !order.length);
    if (!there.has(cells[selected]) && order.length) select(order[0].index, false);
    else cells[selected]?.select(true);
  }

  function select(index, focus = true) {
    cells[selected]?.select(false);
    selected = index;
    cells[selected].select(true);
    if (focus) cells[selected].element.focus({ preventScroll: false });
    onSelect(index);
  }

  function move(x, y) {
    const at = order.findIndex((cell) => cell.index === selected);
    if (at < 0) return;
    const first = order[at].element.getBoundingClientRect();
    if (x) {
      const next = order[at + x];
      if (next) select(next.index);
      return;
    }
    // The nearest one in the row above or below, wherever the rows break.
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

  element.addEventListener("click", (event) => {
    const cell = byElement.get(event.target.closest(".sw-cell"));
    if (cell && !event.target.closest("button")) select(cell.index);
  });
  element.addEventListener("keydown", (event) => {
    if (event.target.closest("button, input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (steps) move(...steps);
    else if (event.key === "Home" && order.length) select(order[0].index);
    else if (event.key === "End" && order.length) select(order.at(-1).index);
    else if (event.key === " ") clock.toggle();
    else if (event.key === ",") clock.step(-1);
    else if (event.key === ".") clock.step(1);
    else if ("sab".includes(event.key) || /^[0-5]$/.test(event.key)) onAct(event.key, selected);
    else return;
    event.preventDefault();
  });
  const away = () => document.hidden && clock.playing && clock.pause();
  document.addEventListener("visibilitychange", away);

  function measure() {
    const videos = cells.map((cell) => cell.state?.video).filter(Boolean);
    const longest = videos.reduce((most, video) => (video.duration > (most?.duration ?? 0) ? video : most), null);
    clock.setLength(longest?.duration ?? 0, longest?.fps ?? 24);
    const shape = videos[0] ? videos[0].width / videos[0].height : 16 / 9;
    if (shape !== width) table.style.setProperty("--sw-shape", String((width = shape)));
  }

  arrange();
  return {
    element,
    clock,
    cells,
    pair,
    get selected() {
      return selected;
    },
    get layout() {
      return { columns, rows, page, filter, blind: Boolean(blind) };
    },
    select,
    /** Take in the cells that have changed. */
    update(states) {
      let again = false;
      for (const state of states) {
        const cell = cells[state.i];
        const before = cell.state && SHOWN[filter](cell.state);
        const screen = cell.screen;
        if (cell.set(state)) failures.delete(state.i);
        if (screen && screen !== cell.screen) clock.leave(screen); // its video has given way to another
        again ||= filter !== "all" && before !== SHOWN[filter](state);
      }
      measure();
      if (again) arrange();
      loadNext();
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
      blind = on ? shuffled(cells.map((cell) => cell.index)) : null;
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
      seen.disconnect();
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
