/** An image on its way to Python, in acknowledged pieces: small at first, larger while the answers come quickly. */

const FIRST_PIECE = 1 << 20; // some hosts stop at 1 MB
const LARGEST_PIECE = 1 << 22; // a server's limit for one message is 10 MiB, and what is longer is lost silently
const QUICK = 1500; // milliseconds
const AT_ONCE = 2;

/**
 * @param {object} parts
 * @param {import("./rpc.js").Rpc} parts.rpc
 * @param {Blob} parts.file
 * @param {string} parts.name
 * @param {string} parts.slot
 * @param {number|null} parts.index
 * @param {(received: number) => void} parts.onProgress
 * @returns {{done: Promise<void>, abort: () => void}}  `done` rejects with Python's sentence.
 */
export function upload({ rpc, file, name, slot, index, onProgress }) {
  const id = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  let aborted = false;

  async function send(offset, part) {
    const ask = () => rpc.call("image.chunk", { upload: id, offset }, [part]);
    const began = performance.now();
    const { value } = await ask().catch((error) => (aborted ? Promise.reject(error) : ask()));
    return { received: value.received, took: performance.now() - began };
  }

  async function run() {
    await rpc.call("image.begin", { upload: id, slot, index, name, size: file.size });
    let offset = 0;
    let length = FIRST_PIECE;
    const flying = new Set();
    while (offset < file.size && !aborted) {
      const end = Math.min(offset + length, file.size);
      const part = await file.slice(offset, end).arrayBuffer();
      const flight = send(offset, part).then(({ received, took }) => {
        flying.delete(flight);
        onProgress(received);
        length = took < QUICK ? Math.min(length * 2, LARGEST_PIECE) : Math.max(FIRST_PIECE, length / 2);
      });
      flying.add(flight);
      offset = end;
      if (flying.size >= AT_ONCE) await Promise.race(flying);
    }
    await Promise.all(flying);
  }

  const done = run().catch((error) => {
    if (!aborted) rpc.call("image.abort", { upload: id }).catch(() => {});
    throw error;
  });
  return {
    done,
    abort() {
      aborted = true;
      rpc.call("image.abort", { upload: id }).catch(() => {});
    },
  };
}
