/**
 * Edits of the form on their way to Python: one message in flight, later edits wait and travel together.
 *
 * While edits are under way the state that comes back is older than what the person sees in the inputs: values are drawn
 * only when `settled`, everything else at once.
 *
 * @param {import("./rpc.js").Rpc} rpc
 * @param {(message: string) => void} onTrouble
 */
export function createEdits(rpc, onTrouble) {
  let waiting = null;
  let flight = null;
  const listeners = new Set();

  async function fly() {
    while (waiting) {
      const changes = waiting;
      waiting = null;
      try {
        await rpc.call("set", { changes });
      } catch (error) {
        onTrouble(error.message);
      }
    }
    flight = null;
    listeners.forEach((listener) => listener());
  }

  return {
    /** @param {Record<string, any>} changes  Fields of the request. */
    set(changes) {
      waiting = { ...waiting, ...changes };
      flight ??= fly();
    },
    /** Whether Python has every edit. */
    get settled() {
      return !flight;
    },
    /** Resolves when Python has every edit. */
    async flush() {
      while (flight) await flight;
    },
    onSettled(listener) {
      listeners.add(listener);
    },
  };
}
