/** Bytes from Python: videos in pieces that the browser asks for, pictures as JPEG; both end as object URLs. */

const FIRST_PIECE = 1 << 20;
const LARGEST_PIECE = 1 << 22;
// Two pieces under way: while one is taken in, Python reads the next.
const AT_ONCE = 2;
const VIDEOS_KEPT = 4; // in the page's memory; an older one is fetched anew when it is wanted again

/**
 * @param {import("./rpc.js").Rpc} rpc
 * @param {number} [videosKept]  How many videos stay in the memory of the page.
 */
export function createMedia(rpc, videosKept = VIDEOS_KEPT) {
  /** @type {Map<string, Promise<string>>} */
  const kept = new Map();
  const urls = new Set();
  let disposed = false;

  function keep(name, make) {
    if (!kept.has(name)) {
      const made = make().then((blob) => {
        if (disposed) throw new Error("the view was closed");
        const url = URL.createObjectURL(blob);
        urls.add(url);
        return url;
      });
      kept.set(name, made);
      made.catch(() => kept.delete(name)); // the next one who asks tries again
    }
    return kept.get(name);
  }

  /** Let go of the videos that were wanted longest ago. */
  function tidy() {
    const videos = [...kept.keys()].filter((name) => name.startsWith("video "));
    for (const name of videos.slice(0, -videosKept)) {
      kept.get(name).then((url) => urls.delete(url) && URL.revokeObjectURL(url), () => {});
      kept.delete(name);
    }
  }

  async function piece(key, offset, length) {
    const ask = () => rpc.call("media.read", { key, offset, length });
    const { buffers } = await ask().catch((error) => (disposed ? Promise.reject(error) : ask()));
    return buffers[0];
  }

  async function pull(key, size, onProgress) {
    const parts = [];
    let next = 0;
    let length = FIRST_PIECE;
    let got = 0;
    async function worker() {
      while (next < size && !disposed) {
        const offset = next;
        const asked = Math.min(length, size - offset);
        next += asked;
        length = Math.min(length * 2, LARGEST_PIECE);
        const part = await piece(key, offset, asked);
        if (part.byteLength !== asked) throw new Error(`the file has changed: ${part.byteLength} bytes came of ${asked}`);
        parts.push([offset, part]);
        got += asked;
        onProgress?.(got / size);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    parts.sort(([one], [other]) => one - other);
    return new Blob(parts.map(([, part]) => part), { type: "video/mp4" });
  }

  return {
    /** The object URL of a video; `onProgress` is told the part that has come, 0 to 1. */
    video(key, size, onProgress) {
      const name = `video ${key}`;
      const made = keep(name, () => pull(key, size, onProgress));
      if (kept.delete(name)) kept.set(name, made); // the last one wanted
      tidy();
      return made;
    },
    /** The object URL of a JPEG that is at most `width` pixels wide. */
    picture: (key, width) =>
      keep(`picture ${key} ${width}`, async () => {
        const { buffers } = await rpc.call("picture", { key, width });
        return new Blob([buffers[0]], { type: "image/jpeg" });
      }),
    dispose() {
      disposed = true;
      urls.forEach((url) => URL.revokeObjectURL(url));
      urls.clear();
      kept.clear();
    },
  };
}
