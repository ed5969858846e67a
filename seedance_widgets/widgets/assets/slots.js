/** The images of the request: drop, paste, choose, an address, or the last frame of an earlier video. */

import { arrange } from "./arrange.js";
import { fill, h, set, show, uniqueId } from "./dom.js";
import { createProblems } from "./problems.js";
import { createSlot } from "./slot.js";

const MANY = "reference_image_urls";
const SLOTS = { text: [], first_frame: ["first_frame_url"], first_last_frame: ["first_frame_url", "last_frame_url"], references: [MANY] };

/**
 * @param {object} parts
 * @param {import("./rpc.js").Rpc} parts.rpc
 * @param {(key: string, values?: object) => string} parts.t
 * @param {any} parts.media
 * @param {(words: string) => void} parts.onTrouble
 */
export function createSlots({ rpc, t, media, onTrouble }) {
  const parts = { rpc, t, media, onTrouble };
  const frames = {
    first_frame_url: createSlot({ ...parts, slot: "first_frame_url", title: t("slot.first_frame_url"), sample: true }),
    last_frame_url: createSlot({ ...parts, slot: "last_frame_url", title: t("slot.last_frame_url") }),
  };
  /** @type {ReturnType<typeof createSlot>[]} */
  let many = [];
  const row = h("div.sw-slots");
  const nothing = h("p.sw-quiet.sw-no-image", {}, t("slot.no_image"));
  const problems = { first_frame_url: createProblems({ rpc, t }), last_frame_url: createProblems({ rpc, t }), [MANY]: createProblems({ rpc, t }) };
  const said = h("span.sw-hidden-text", { role: "status" });
  const id = uniqueId("images");
  const element = h("div.sw-images", { role: "group", "aria-label": t("slot.images"), id }, row, nothing, ...Object.values(problems).map((one) => one.element), said);
  let view = null;
  let dragged = null;

  /** One slot for each reference image, and an empty one as long as the model takes more. */
  function references() {
    const images = view.images[MANY];
    const room = images.length < view.options[MANY].most;
    const count = images.length + (room ? 1 : 0);
    while (many.length < count) many.push(reference(many.length));
    // One that an image is on its way to stays until that is here.
    while (many.length > count && !many.at(-1).busy) many.pop().dispose();
    return many;
  }

  function reference(index) {
    const made = createSlot({ ...parts, slot: MANY, index, title: t("slot.reference", { n: index + 1 }), sample: index === 0, onMove: move, onFiles: takeMany });
    made.element.addEventListener("dragstart", (event) => {
      if (!view.images[MANY][index]) return;
      dragged = index;
      event.dataTransfer.setData("text/x-seedance-reference", String(index));
    });
    made.element.addEventListener("dragend", () => (dragged = null));
    made.element.addEventListener("drop", (event) => {
      if (dragged === null || dragged === index) return;
      event.preventDefault();
      move(dragged, Math.min(index, view.images[MANY].length - 1));
      dragged = null;
    });
    return made;
  }

  async function move(from, to) {
    if (to < 0 || to >= view.images[MANY].length) return;
    try {
      await rpc.call("image.move", { index: from, to });
      fill(said, t("slot.moved", { from: from + 1, to: to + 1 }));
      many[to]?.focusMove(to > from ? 1 : -1);
    } catch (error) {
      onTrouble(error.message);
    }
  }

  /** Several files: each into a place of its own. */
  async function takeMany(files, index) {
    const room = view.options[MANY].most - view.images[MANY].length + (view.images[MANY][index] ? 1 : 0);
    const taken = files.slice(0, Math.max(1, room));
    if (taken.length < files.length) onTrouble(t("slot.too_many", { most: view.options[MANY].most }));
    for (const [i, file] of taken.entries()) {
      // One after the other: each one's place is known only when the one before has arrived.
      await many[Math.min(index + i, many.length - 1)]?.take(file);
    }
  }

  function shown() {
    return SLOTS[view.mode].flatMap((name) => (name === MANY ? references() : [frames[name]]));
  }

  function state(name, index) {
    return name === MANY ? view.images[MANY][index] ?? null : view.images[name];
  }

  return {
    element,
    draw(next) {
      view = next;
      const slots = shown();
      for (const slot of slots) slot.draw(state(slot.slot, slot.index), view, problems[slot.slot].id);
      arrange(row, slots.map((slot) => slot.element));
      set(row, { "data-mode": view.mode });
      show(nothing, view.mode === "text");
      for (const [name, list] of Object.entries(problems)) list.draw(view, name);
    },
    /** A paste anywhere in the Studio: an image goes into a slot, text stays where it belongs. */
    paste(event) {
      const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
      if (!files.length || !view || view.mode === "text") return false;
      event.preventDefault();
      const slots = shown();
      const focused = slots.find((slot) => slot.element.contains(document.activeElement));
      const target = focused ?? slots.find((slot) => !state(slot.slot, slot.index) && !slot.busy) ?? slots[0];
      if (target.slot === MANY) takeMany(files, target.index);
      else target.take(files[0]);
      return true;
    },
    /** Resolves when no image is on its way. */
    async idle() {
      let flying;
      while ((flying = [...Object.values(frames), ...many].find((slot) => slot.busy))) await flying.busy;
    },
    dispose() {
      [...Object.values(frames), ...many].forEach((slot) => slot.dispose());
    },
  };
}
