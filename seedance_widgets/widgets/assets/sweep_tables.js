/** The plan and the table of a sweep, as tables that Python fills. */

import { fill, h, show } from "./dom.js";

export function createTables({ ask, t, nameOf, onPick }) {
  const total = h("p.sw-total");
  const notes = h("ul.sw-plan-notes");
  const head = h("tr");
  const body = h("tbody");
  const more = h("p.sw-quiet");
  const element = h("div.sw-tables", { hidden: true }, total, notes, h("div.sw-table-scroll", { tabIndex: 0, role: "region", "aria-label": t("sweep.table") }, h("table.sw-rows", {}, h("thead", {}, head), body)), more);
  let view = "grid";
  let sortedBy = -1;
  let upwards = true;
  let drawn = null;
  let turn = 0;
  let asking = false;
  let stale = false; // something has changed since it was asked

  function drawRows() {
    const { heads, rows } = drawn;
    head.replaceChildren(
      ...heads.map((words, i) =>
        h("th", { "aria-sort": i === sortedBy ? (upwards ? "ascending" : "descending") : null }, h("button.sw-sort", { type: "button", onclick: () => sort(i) }, words, i === sortedBy ? (upwards ? " ▲" : " ▼") : "")),
      ),
    );
    const shown = sortedBy < 0 ? rows : [...rows].sort((one, other) => compare(one.values[sortedBy], other.values[sortedBy]) * (upwards ? 1 : -1));
    body.replaceChildren(
      ...shown.map(({ i, values, send }) => {
        const row = h("tr", { "data-dim": send === false ? "true" : null, onclick: () => onPick(i) }, ...values.map((value) => h("td", { "data-number": typeof value === "number" ? "true" : null }, value === null ? "" : String(value))));
        return row;
      }),
    );
  }

  function sort(i) {
    upwards = sortedBy === i ? !upwards : true;
    sortedBy = i;
    drawRows();
    head.children[i].firstChild.focus();
  }

  async function load() {
    const mine = (turn += 1);
    const told = await ask(view, {});
    if (mine !== turn || !told) return;
    if (view === "plan") {
      drawn = { heads: [t("sweep.number"), ...told.heads], rows: told.rows.map((row) => ({ ...row, values: [`${row.i} · ${nameOf(row.i)}`, ...row.values] })) };
      fill(total, told.total);
      notes.replaceChildren(...told.notes.map((note) => h("li", {}, note)));
    } else {
      drawn = told;
      fill(total, "");
      notes.replaceChildren();
    }
    show(fill(more, told.more ? t("sweep.more_rows", { n: told.more }) : ""), Boolean(told.more));
    drawRows();
  }

  return {
    element,
    show(next) {
      const other = next !== view;
      view = next;
      show(element, view !== "grid");
      if (view === "grid") return;
      if (other) sortedBy = -1;
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
