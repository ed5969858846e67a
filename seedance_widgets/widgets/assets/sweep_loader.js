/** Which videos of a grid are open: those in sight and close to it, as many as a browser bears. */

const DECODERS = 36; // videos that are open at once; a browser slows down or fails with more
const AT_ONCE = 3; // videos that are fetched at once
const NEAR = "120px";
const TRIES = 2;

/**
 * @param {object} parts
 * @param {HTMLElement} parts.scroller
 * @param {any} parts.clock
 * @param {Map<Element, any>} parts.byElement
 * @param {() => any[]} parts.ordered  The cells as they stand.
 * @param {(cell: any) => void} parts.onNear  A cell is about to be seen.
 * @param {(playing: number, all: number) => void} parts.onCrowd
 */
export function createLoader({ scroller, clock, byElement, ordered, onNear, onCrowd }) {
  const failures = new Map();
  let drawn = false; // whether the scroller itself is in sight
  let loading = 0;

  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const cell = byElement.get(target);
        if (isIntersecting && !cell.near) failures.delete(cell); // it comes again: so does its chance
        cell.approach(isIntersecting);
        if (isIntersecting) onNear(cell);
        else drop(cell);
      }
      next();
    },
    { root: scroller, rootMargin: NEAR },
  );
  // Within the window, whatever lies between: of too many, those that are really seen go first.
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) byElement.get(target).seen = isIntersecting;
    next();
  });
  const sight = new IntersectionObserver(
    (entries) => {
      drawn = entries.at(-1).isIntersecting;
      if (drawn) failures.clear();
      if (!drawn && clock.playing) clock.pause();
      next();
    },
    { rootMargin: NEAR },
  );
  sight.observe(scroller);

  function drop(cell) {
    const gone = cell.unload();
    if (gone) clock.leave(gone);
  }

  /** The cells whose videos are to be open. */
  function wanted() {
    if (!drawn) return [];
    const ready = ordered().filter((cell) => cell.near && cell.state?.video && (failures.get(cell) ?? 0) < TRIES);
    if (ready.length <= DECODERS) return ready;
    const box = scroller.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2, (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2];
    const ranks = ready.map((cell) => {
      const { left, right, top, bottom } = cell.element.getBoundingClientRect();
      // What is seen before what is not, what plays before what does not, then from the middle outwards.
      return { cell, rank: [!cell.seen, !cell.screen, Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y)] };
    });
    ranks.sort(({ rank: one }, { rank: other }) => one[0] - other[0] || one[1] - other[1] || one[2] - other[2]);
    return ranks.slice(0, DECODERS).map(({ cell }) => cell);
  }

  /** Load what is wanted and not there yet, a few at a time; let go of what is not wanted any more. */
  function next() {
    const open = wanted();
    const keep = new Set(open);
    for (const cell of ordered()) if (cell.screen && !keep.has(cell)) drop(cell);
    const all = drawn ? ordered().filter((cell) => cell.seen && cell.state?.video).length : 0;
    onCrowd(open.filter((cell) => cell.seen).length, all > DECODERS ? all : 0);
    for (const cell of open) {
      if (loading >= AT_ONCE) return;
      if (!cell.screen && !cell.loading) load(cell);
    }
  }

  function load(cell) {
    loading += 1;
    cell.loading = true;
    const { duration, fps } = cell.state.video;
    cell
      .load()
      .then((screen) => screen && clock.join(screen, { duration, fps }))
      .catch(() => failures.set(cell, (failures.get(cell) ?? 0) + 1)) // the cell itself says why
      .finally(() => {
        loading -= 1;
        cell.loading = false;
        next();
      });
  }

  return {
    next,
    watch(cell) {
      near.observe(cell.element);
      seen.observe(cell.element);
    },
    /** It is not on show any more. */
    forget(cell) {
      near.unobserve(cell.element);
      seen.unobserve(cell.element);
      cell.seen = false;
      cell.approach(false);
      drop(cell);
    },
    /** It has another video, which has not failed yet. */
    anew: (cell) => failures.delete(cell),
    dispose() {
      drawn = false;
      for (const observer of [near, seen, sight]) observer.disconnect();
    },
  };
}
