/** The plan and the table of a sweep, as tables that Python fills. */

import { fill, h, set, show } from "./dom.js";
import { arrange, keepFocus } from "./focus.js";

const WIDE = 16; // characters from which a cell may be cut

export function createTables({ ask, t, nameOf, onPick }) {
  const total = h("p.sw-total");
  const notes = h("ul.sw-plan-notes");
  const head = h("tr");
  const body = h("tbody");
  const more = h("p.sw-quiet");
  const scroller = h("div.sw-table-scroll", { tabIndex: 0, role: "region" }, h("table.sw-rows", {}, h("thead", {}, head), body));
  const element = h("div.sw-tables", { hidden: true }, total, notes, scroller, more);
  const kept = new Map(); // by cell: its row
  let view = "grid";
  let sortedBy = -1;
  let upwards = true;
  let picked = -1;
  let drawn = null;
  let turn = 0;
  let asking = false;
  let stale = false; // something has changed since it was asked

  /** What is there stays, with its focus and its scroll; only what has changed is written. */
  function draw() {
    const { heads, rows } = drawn;
    const shown = sortedBy < 0 ? rows : [...rows].sort((one, other) => compare(one.values[sortedBy], other.values[sortedBy]) * (upwards ? 1 : -1));
    keepFocus(scroller, () => {
      heads.forEach((words, i) => drawHead(words, i));
      while (head.children.length > heads.length) head.lastChild.remove();
      arrange(body, shown.map(drawRow));
    }, () => scroller);
    const there = new Set(rows.map((row) => row.i));
    for (const i of kept.keys()) if (!there.has(i)) kept.delete(i);
  }

  function drawHead(words, i) {
    if (!head.children[i]) head.append(h("th", { scope: "col" }, h("button.sw-sort", { type: "button", onclick: () => sort(i) }, h("span", { dir: "auto" }), h("span", { "aria-hidden": "true" }))));
    const by = i === sortedBy;
    set(head.children[i], { "aria-sort": by ? (upwards ? "ascending" : "descending") : null });
    const [name, sign] = head.children[i].firstChild.children;
    fill(name, words);
    fill(sign, by ? (upwards ? " ▲" : " ▼") : "");
  }

  function drawRow({ i, values, send }) {
    if (!kept.has(i)) {
      const pick = h("button.sw-row-pick", { type: "button", dir: "auto" });
      kept.set(i, h("tr", { onclick: () => onPick(i) }, h("td", {}, pick)));
    }
    const row = kept.get(i);
    set(row, { "data-dim": send === false ? "true" : null, "aria-current": i === picked ? "true" : null });
    while (row.children.length > values.length) row.lastChild.remove();
    values.forEach((value, k) => {
      const words = value === null ? "" : String(value);
      if (!row.children[k]) row.append(h("td", { dir: "auto" }));
      const cell = row.children[k];
      fill(k ? cell : cell.firstChild, words);
      set(cell, { "data-number": typeof value === "number" ? "true" : null, title: words.length > WIDE ? words : "" });
    });
    set(row.firstChild.firstChild, { "aria-label": typeof values[0] === "number" ? `${values[0]} · ${nameOf(i)}` : null, "aria-pressed": String(i === picked) });
    return row;
  }

  function sort(i) {
    upwards = sortedBy === i ? !upwards : true;
    sortedBy = i;
    draw();
  }

  async function load() {
    const mine = (turn += 1);
    const asked = view;
    const told = await ask(view, {});
    if (mine !== turn || asked !== view || !told) return;
    if (view === "plan") {
      drawn = { heads: [t("sweep.number"), ...told.heads], rows: told.rows.map((row) => ({ ...row, values: [`${row.i} · ${nameOf(row.i)}`, ...row.values] })) };
      fill(total, told.total);
      notes.replaceChildren(...told.notes.map((note) => h("li", { dir: "auto" }, note)));
    } else {
      drawn = told;
      fill(total, "");
      notes.replaceChildren();
    }
    show(fill(more, told.more ? t("sweep.more_rows", { n: told.more }) : ""), Boolean(told.more));
    draw();
  }

  function pick(index) {
    for (const i of [picked, index]) {
      const row = kept.get(i);
      if (!row) continue;
      set(row, { "aria-current": i === index ? "true" : null });
      set(row.firstChild.firstChild, { "aria-pressed": String(i === index) });
    }
    picked = index;
  }

  return {
    element,
    /** Mark the row of the cell that is selected. */
    pick,
    show(next) {
      const other = next !== view;
      view = next;
      show(element, view !== "grid");
      if (view === "grid") return;
      set(scroller, { "aria-label": t(`sweep.${view}`) });
      if (other) {
        sortedBy = -1;
        kept.clear(); // the rows of another table
        body.replaceChildren();
      }
      load();
    },
    async refresh() {
      stale = view !== "grid";
      if (asking) return;
      asking = true;
      while (stale) {
        stale = false;
        await load();
      }
      asking = false;
    },
  };
}

function compare(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  return typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), undefined, { numeric: true });
}
