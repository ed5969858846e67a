/** What is shown of a grid: grid, plan or table; which axis runs where; which page; which cells. */

import { fill, h, set, show, uniqueId } from "./dom.js";
import { hasFocus } from "./focus.js";

const FILTERS = ["all", "done", "starred", "rated", "trouble", "open"];
const MANY = 8; // pages from which a list serves better than buttons

export function createBar({ grid, gridState, t, onView, onBlind }) {
  const { dimensions } = gridState;
  const views = gridState.kind === "sweep" ? ["grid", "plan", "table"] : ["grid", "table"];
  let view = "grid";
  const group = uniqueId("view");
  const segments = h(
    "div.sw-segments",
    { role: "radiogroup", "aria-label": t("sweep.view") },
    ...views.map((one) => h("label.sw-segment", {}, h("input.sw-hidden-text", { type: "radio", name: group, value: one, checked: one === view, onchange: () => pick(one) }), t(`sweep.${one}`))),
  );
  const rows = chooser("rows", () => grid.setLayout({ rows: Number(rows.select.value), ...apart("rows") }));
  const columns = chooser("columns", () => grid.setLayout({ columns: Number(columns.select.value), ...apart("columns") }));
  const swap = h("button.sw-button.sw-small", { type: "button", "aria-label": t("sweep.transpose"), title: t("sweep.transpose"), onclick: () => transpose() }, "⇄");
  const pages = h("span.sw-pages");
  const filter = h("select.sw-input.sw-small", { "aria-label": t("sweep.show"), onchange: () => (grid.setFilter(filter.value), draw()) }, ...FILTERS.map((one) => h("option", { value: one }, t(`sweep.show_${one}`))));
  const blind = h("button.sw-button.sw-small", { type: "button", "aria-pressed": "false", title: t("sweep.blind_hint"), onclick: () => toggleBlind() }, t("sweep.blind"));
  const axes = h("span.sw-axes", {}, rows.element, columns.element, swap, pages);
  const right = h("span.sw-right-side", {}, h("label.sw-quiet.sw-labelled", {}, t("sweep.show"), " ", filter), blind);
  const element = h("div.sw-bar.sw-sweep-bar", {}, segments, axes, right);

  function chooser(which, change) {
    const select = h("select.sw-input.sw-small", { "aria-label": t(`sweep.${which}`), onchange: () => (change(), draw()) }, h("option", { value: "-1" }, t("sweep.nothing")), ...dimensions.map((one, i) => h("option", { value: String(i) }, one.title)));
    return { select, element: h("label.sw-quiet.sw-labelled", {}, t(`sweep.${which}`), " ", select) };
  }

  /** Rows and columns are never the same axis: the other one gives way. */
  function apart(changed) {
    const { rows: down, columns: across } = grid.layout;
    const value = Number((changed === "rows" ? rows : columns).select.value);
    if (changed === "rows") return value >= 0 && value === across ? { columns: down } : {};
    return value >= 0 && value === down ? { rows: across } : {};
  }

  function transpose() {
    const { rows: down, columns: across } = grid.layout;
    grid.setLayout({ rows: across, columns: down });
    draw();
  }

  function toggleBlind() {
    grid.setBlind(!grid.layout.blind);
    set(blind, { "aria-pressed": String(grid.layout.blind) });
    draw();
    onBlind();
  }

  function pick(next) {
    view = next;
    draw();
    onView(next);
  }

  function drawPages() {
    const { rows: down, columns: across, page } = grid.layout;
    const further = dimensions.map((one, axis) => [one, axis]).filter(([one, axis]) => axis !== down && axis !== across && one.labels.length > 1);
    fill(
      pages,
      ...further.map(([one, axis]) => {
        const change = (index) => (grid.setPage(axis, index), draw());
        if (one.labels.length > MANY) {
          const select = h("select.sw-input.sw-small", { "aria-label": one.title, onchange: () => change(Number(select.value)) }, ...one.labels.map((label, i) => h("option", { value: String(i), selected: i === page[axis] }, label)));
          return h("label.sw-quiet.sw-labelled", {}, one.title, " ", select);
        }
        const name = uniqueId("page");
        return h(
          "span.sw-labelled",
          {},
          h("span.sw-quiet", {}, one.title),
          " ",
          h("span.sw-segments", { role: "radiogroup", "aria-label": one.title }, ...one.labels.map((label, i) => h("label.sw-segment", { title: label }, h("input.sw-hidden-text", { type: "radio", name, checked: i === page[axis], onchange: () => change(i) }), h("span.sw-page-name", { dir: "auto" }, label)))),
        );
      }),
    );
  }

  let drawn = "";
  function draw() {
    const { rows: down, columns: across, page, blind: hidden, filter: only } = grid.layout;
    rows.select.value = String(down);
    columns.select.value = String(across);
    show(segments, !hidden); // a table would tell what is what
    show(axes, view === "grid" && dimensions.length > 1 && !hidden && only === "all"); // a filter looks at every page
    show(right, view === "grid");
    const signature = JSON.stringify([down, across, page]);
    if (signature !== drawn) {
      const there = hasFocus(pages);
      drawPages();
      if (there) pages.querySelector("input:checked, select")?.focus();
    }
    drawn = signature;
  }
  draw();
  return { element, draw };
}
