/** Cells large: two over one another, by a wipe or by their difference, or one alone. */

import { fill, h, set, show } from "./dom.js";
import { focused, hasFocus, isDrawn } from "./focus.js";
import { createPlayer } from "./player.js";

/**
 * @param {object} parts
 * @param {any} parts.rpc
 * @param {any} parts.media
 * @param {(key: string, values?: object) => string} parts.t
 * @param {any} parts.grid  Its clock says where the two begin.
 * @param {(how: string | null) => void} parts.onChange  Told how they are shown: wipe, difference, one; null for not at all.
 * @param {() => void} parts.back  Gives the focus to somebody, where the one who opened it has gone.
 */
export function createPair({ rpc, t, media, grid, onChange, back }) {
  const player = createPlayer({ rpc, t, media });
  const title = h("strong", { dir: "auto" });
  const close = h("button.sw-button.sw-small", { type: "button", onclick: () => hide() }, t("desk.close"));
  const element = h("section.sw-pair", { hidden: true }, h("div.sw-pair-head", {}, title, close), player.element);
  let how = null; // wipe, difference, or one
  let alone = null; // the index of the one that is shown alone
  let opener = null;

  function hide() {
    const there = hasFocus(element);
    player.pause();
    show(element, false);
    onChange((how = null));
    if (!there) return;
    if (opener && isDrawn(opener)) opener.focus({ preventScroll: true });
    else back();
  }
  element.addEventListener("keydown", (event) => event.key === "Escape" && hide());

  const two = () => [grid.pair.A, grid.pair.B].map((i) => (i === null ? null : grid.cells[i]));
  const shown = () => (how === "one" ? [grid.cells[alone]] : two());
  const whole = (some) => some.every((cell) => cell?.state?.video);

  /** What the player is told of a cell; a file's name could tell what it is while it is rated blindly. */
  const videoOf = ({ label, state }) => ({ ...state.video, label, ...(grid.layout.blind && { name: `${label}.mp4` }) });

  /** `at` and `autoplay` only where it is opened: what is open goes on from where it stands. */
  function draw(begin = {}) {
    const [a, b] = shown();
    const words = b ? t(`sweep.${how}_of`, { a: a.label, b: b.label }) : a.label;
    fill(title, words);
    set(element, { "aria-label": words });
    player.show(videoOf(a), b ? videoOf(b) : null, begin);
    if (b) set(player.element, { "data-compare": how });
  }

  function open(next, begin) {
    grid.clock.pause();
    opener = focused(element);
    how = next;
    show(element, true);
    onChange(how);
    draw(begin);
    element.scrollIntoView({ block: "nearest" });
    player.element.focus({ preventScroll: true });
  }
  const now = () => ({ at: grid.clock.seconds, autoplay: grid.clock.playing });

  return {
    element,
    /** Open it, or close it where it is open in this way. Gives whether there were two to compare. */
    toggle(next) {
      if (!element.hidden && how === next) return hide(), true;
      if (!whole(two())) return false;
      open(next, element.hidden || how === "one" ? now() : {});
      return true;
    },
    /** Show one cell alone, from where the grid stands; nothing where it has no video. */
    enlarge(index) {
      if (!whole([grid.cells[index]])) return;
      alone = index;
      open("one", now());
    },
    /** A, B or the one alone is another one now, or they are called otherwise. */
    refresh() {
      if (element.hidden) return;
      if (whole(shown())) draw();
      else hide();
    },
    /** Whether a change of this cell is a change of what is shown. */
    holds: (index) => (how === "one" ? index === alone : index === grid.pair.A || index === grid.pair.B),
    close: () => !element.hidden && hide(),
    dispose: () => player.dispose(),
  };
}
