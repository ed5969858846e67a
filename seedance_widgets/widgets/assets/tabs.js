/** Tabs by the book: one of them takes the focus, arrow keys go round, the panel is labelled by its tab. */

import { h, set, show, uniqueId } from "./dom.js";

/**
 * @param {object} parts
 * @param {string} parts.label  What the tabs are about.
 * @param {{name: string, title: string, content: Element}[]} parts.tabs  The first is selected.
 * @param {(name: string) => void} parts.onSelect  Told when another one is selected.
 */
export function createTabs({ label, tabs, onSelect }) {
  const list = h("div.sw-tablist", { role: "tablist", "aria-label": label });
  const made = new Map();
  let selected = null;

  for (const { name, title, content } of tabs) {
    const panel = h("div.sw-panel", { id: uniqueId("panel"), role: "tabpanel", hidden: true }, content);
    const tab = h("button.sw-tab", { type: "button", role: "tab", id: uniqueId("tab"), "aria-controls": panel.id, onclick: () => select(name) }, title);
    set(panel, { "aria-labelledby": tab.id });
    list.append(tab);
    made.set(name, { tab, panel });
  }
  list.addEventListener("keydown", (event) => {
    const there = [...made].filter(([, { tab }]) => !tab.hidden).map(([name]) => name);
    const at = there.indexOf(selected);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: there.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(there[(to + there.length) % there.length]);
    made.get(selected).tab.focus();
  });

  function select(name) {
    const other = name !== selected;
    selected = name;
    for (const [each, { tab, panel }] of made) {
      set(tab, { "aria-selected": String(each === name) });
      tab.tabIndex = each === name ? 0 : -1;
      show(panel, each === name);
    }
    if (other) onSelect(name);
  }

  return {
    element: h("div.sw-tabs", {}, list, ...[...made.values()].map(({ panel }) => panel)),
    select,
    get selected() {
      return selected;
    },
    /** Offer these tabs only; if the selected one is none of them, the first one of them is selected. */
    offer(names) {
      for (const [name, { tab }] of made) show(tab, names.includes(name));
      if (!names.includes(selected)) select(names[0]);
    },
  };
}
