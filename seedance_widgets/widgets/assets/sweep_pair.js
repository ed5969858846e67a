/** Two cells over one another: a wipe between them, or their difference. */

import { fill, h, set, show } from "./dom.js";
import { focused, hasFocus, isDrawn } from "./focus.js";
import { createPlayer } from "./player.js";

/**
 * @param {object} parts
 * @param {any} parts.rpc
 * @param {any} parts.media
 * @param {(key: string, values?: object) => string} parts.t
 * @param {any} parts.grid  Its clock says where the two begin.
 * @param {(how: string | null) => void} parts.onChange  Told how two are compared; null for not at all.
 * @param {() => void} parts.back  Gives the focus to somebody, where the one who opened it has gone.
 */
export function createPair({ rpc, t, media, grid, onChange, back }) {
  const player = createPlayer({ rpc, t, media });
  const title = h("strong", { dir: "auto" });
  const close = h("button.sw-button.sw-small", { type: "button", onclick: () => hide() }, t("desk.close"));
  const element = h("section.sw-pair", { hidden: true }, h("div.sw-pair-head", {}, title, close), player.element);
  let how = null;
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
  const whole = ([a, b]) => Boolean(a?.state?.video && b?.state?.video);

  /** `at` and `autoplay` only where it is opened: what is open goes on from where it stands. */
  function draw(begin = {}) {
    const [a, b] = two();
    const words = t(`sweep.${how}_of`, { a: a.label, b: b.label });
    fill(title, words);
    set(element, { "aria-label": words });
    player.show({ ...a.state.video, label: a.label }, { ...b.state.video, label: b.label }, begin);
    set(player.element, { "data-compare": how });
  }

  return {
    element,
    /** Open it, or close it where it is open in this way. Gives whether there were two to compare. */
    toggle(next) {
      if (!element.hidden && how === next) return hide(), true;
      if (!whole(two())) return false;
      const begin = element.hidden ? { at: grid.clock.seconds, autoplay: grid.clock.playing } : {};
      grid.clock.pause();
      opener = focused(element);
      how = next;
      show(element, true);
      onChange(how);
      draw(begin);
      element.scrollIntoView({ block: "nearest" });
      player.element.focus({ preventScroll: true });
      return true;
    },
    /** A or B is another one now, or they are called otherwise. */
    refresh() {
      if (element.hidden) return;
      if (whole(two())) draw();
      else hide();
    },
    dispose: () => player.dispose(),
  };
}
