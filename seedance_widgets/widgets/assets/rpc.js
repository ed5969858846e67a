/**
 * Ask Python: every message is a custom one, carries a number, and is answered with the same number.
 * Traits are never set from here: the front end holds such a change back for good once a cell has awaited.
 */

const PATIENCE = 4000; // milliseconds without a word from Python after which the person is told why nothing happens

/**
 * @typedef {object} Rpc
 * @property {(type: string, payload?: object, buffers?: ArrayBuffer[]) => Promise<{value: any, buffers: DataView[]}>} call
 *   Resolves with Python's answer, rejects with an Error whose message is fit to be shown.
 * @property {(listener: (late: boolean) => void) => void} onLate  Told when answers are overdue, and when they come again.
 * @property {() => void} dispose  Lets go of everything; open calls reject.
 */

/**
 * @param {any} model  anywidget's model
 * @param {(key: string, values?: object) => string} [t]  For what the person is told where the kernel has gone.
 * @returns {Rpc}
 */
export function createRpc(model, t) {
  /** @type {Map<string, {resolve: Function, reject: Function}>} */
  const open = new Map();
  const listeners = new Set();
  // Several views of one widget share the comm, and must not take each other's answers.
  const view = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  let count = 0;
  let late = false;
  let timer = 0;

  function setLate(now) {
    if (late !== now) listeners.forEach((listener) => listener((late = now)));
  }

  function watch() {
    clearTimeout(timer);
    if (open.size) timer = setTimeout(() => setLate(true), PATIENCE);
    else setLate(false);
  }

  /** Python has said something, whatever it is: it is there, only not done yet. */
  function alive() {
    setLate(false);
    watch();
  }

  function take(message, buffers) {
    alive();
    if (message?.type !== "answer" || !open.has(message.call)) return;
    const { resolve, reject } = open.get(message.call);
    open.delete(message.call);
    watch();
    if (message.ok) resolve({ value: message.value, buffers: buffers ?? [] });
    else reject(new Error(message.value));
  }

  model.on("msg:custom", take);
  model.on("change", alive);
  return {
    call(type, payload = {}, buffers = []) {
      return new Promise((resolve, reject) => {
        const call = `${view}:${(count += 1)}`;
        open.set(call, { resolve, reject });
        if (open.size === 1) watch();
        try {
          model.send({ ...payload, type, call }, undefined, buffers);
        } catch (error) {
          open.delete(call);
          watch();
          reject(t ? new Error(t("common.kernel_gone"), { cause: error }) : error);
        }
      });
    },
    onLate(listener) {
      listeners.add(listener);
    },
    dispose() {
      model.off("msg:custom", take);
      model.off("change", alive);
      clearTimeout(timer);
      open.forEach(({ reject }) => reject(new Error("the view was closed")));
      open.clear();
    },
  };
}
