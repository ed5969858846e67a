/** Stars and ratings that were just given: shown at once, until Python, which answers a moment later, says the same. */

const LAG = 1000; // milliseconds after Python has kept a mark in which it may still tell of the time before

/**
 * @param {object} parts
 * @param {(type: string, payload?: object) => Promise<any>} parts.ask
 * @param {(state: any) => void} parts.draw  Draw a cell's state.
 */
export function createMarks({ ask, draw }) {
  const told = new Map(); // by cell, as Python has it
  const wanted = new Map(); // by cell and kind: what was pressed, and whether Python has kept it
  const timers = new Set();

  function over(state) {
    const mine = { ...state };
    for (const kind of ["star", "rating"]) {
      const wish = wanted.get(`${state.i} ${kind}`);
      if (wish?.kept && wish.value === state[kind]) wanted.delete(`${state.i} ${kind}`);
      else if (wish) mine[kind] = wish.value;
    }
    return mine;
  }

  return {
    /** Take in what Python tells of a cell; gives what is to be drawn. */
    take(state) {
      told.set(state.i, state);
      return over(state);
    },
    async put(index, kind, value) {
      const key = `${index} ${kind}`;
      const wish = { value, kept: false };
      wanted.set(key, wish);
      draw(over(told.get(index)));
      const drop = () => {
        if (wanted.get(key) !== wish) return;
        wanted.delete(key);
        draw(over(told.get(index)));
      };
      if (!(await ask("mark", { cell: index, [kind]: value }))) return drop();
      wish.kept = true;
      const timer = setTimeout(() => (timers.delete(timer), drop()), LAG);
      timers.add(timer);
    },
    dispose: () => timers.forEach(clearTimeout),
  };
}
