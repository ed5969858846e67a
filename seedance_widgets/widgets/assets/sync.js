/** One clock for many videos: they play, pause, seek and loop in step, each within a frame of the clock. */

const LINE_UP = 1500; // milliseconds to wait for slow ones before all start
const SEEK = 0.2; // seconds off the clock from which a video is set, not nudged
const NUDGE = 0.25; // the most by which a video runs faster or slower to catch up
const CALM = 0.008; // seconds off the clock that are left alone

/**
 * @param {object} parts
 * @param {(clock: {frame: number, seconds: number, playing: boolean}) => void} parts.onTick  Told at every frame and change.
 */
export function createClock({ onTick }) {
  /** @type {Map<any, {duration: number, fps: number}>} the screens that take part, see screen.js */
  const parts = new Map();
  let length = 0; // seconds of the longest video, whether it is on show or not
  let fps = 24;
  let at = 0; // where the clock stood
  let since = 0; // when that was
  let wanted = false; // playing, or about to
  let running = false;
  let rate = 1;
  let looping = true;
  let handle = 0;
  let turn = 0;

  const last = () => Math.max(0, Math.round(length * fps) - 1);
  const frameAt = (seconds) => Math.max(0, Math.min(Math.floor(seconds * fps + 1e-3), last()));
  const position = () => (running ? at + ((performance.now() - since) / 1000) * rate : at);
  // The middle of a frame: rounding can never land on its neighbour.
  const within = (seconds, { duration, fps: rateOfFrames }) =>
    Math.max(0, Math.min((Math.floor(seconds * rateOfFrames + 1e-3) + 0.5) / rateOfFrames, duration - 0.5 / rateOfFrames));

  function tell() {
    const seconds = Math.min(position(), length);
    onTick({ frame: frameAt(seconds), seconds, playing: wanted });
  }

  function place(seconds) {
    at = Math.max(0, Math.min(seconds, length));
    since = performance.now();
  }

  /** Let every video be where the clock stands, then let all go at once. */
  async function start() {
    const mine = (turn += 1);
    running = false;
    const all = [...parts];
    all.forEach(([screen]) => screen.video.pause());
    await Promise.race([
      Promise.all(all.map(([screen, facts]) => settled(screen, within(at, facts)))),
      new Promise((resolve) => setTimeout(resolve, LINE_UP)),
    ]);
    if (mine !== turn || !wanted) return;
    place(at);
    running = true;
    for (const [screen, facts] of parts) if (at < facts.duration) go(screen);
    cancelAnimationFrame(handle);
    handle = requestAnimationFrame(tick);
  }

  function go(screen) {
    if (screen.video.ended) return; // at its end before the clock is: to play would be to begin anew
    screen.video.playbackRate = rate;
    screen.video.play().catch(() => {}); // paused again before it began
  }

  function tick() {
    if (!running) return;
    const now = position();
    if (now >= length) {
      if (!looping) return end();
      place(0);
      start();
      return;
    }
    for (const [screen, facts] of parts) follow(screen, facts, now);
    tell();
    handle = requestAnimationFrame(tick);
  }

  function follow(screen, facts, now) {
    const { video } = screen;
    if (now >= facts.duration - 0.5 / facts.fps) {
      if (video.paused) return;
      video.pause(); // a shorter one holds its last frame, also where it has not come to it yet
      screen.seek(within(now, facts));
      return;
    }
    if (video.seeking || video.readyState < 2) return;
    if (video.paused) go(screen);
    const off = video.currentTime - now;
    if (Math.abs(off) > SEEK) screen.seek(now + 0.05 * rate); // it plays on while it seeks
    else {
      const pace = rate * (Math.abs(off) < CALM ? 1 : 1 - Math.max(-NUDGE, Math.min(NUDGE, off * 5)));
      if (Math.abs(video.playbackRate - pace) > 0.005) video.playbackRate = pace;
    }
  }

  function end() {
    place(length);
    pause();
  }

  function pause() {
    turn += 1;
    const seconds = position();
    wanted = running = false;
    place(seconds);
    cancelAnimationFrame(handle);
    // All on the same frame: they stopped a few milliseconds apart.
    for (const [screen, facts] of parts) {
      screen.video.pause();
      screen.seek(within(at, facts));
    }
    tell();
  }

  function play() {
    if (!length) return;
    if (frameAt(position()) >= last()) place(0); // from the last frame it begins anew
    wanted = true;
    tell();
    start();
  }

  return {
    play,
    pause,
    toggle: () => (wanted ? pause() : play()),
    seek(seconds) {
      place(seconds);
      if (wanted) start();
      else for (const [screen, facts] of parts) screen.seek(within(at, facts));
      tell();
    },
    step(frames) {
      if (wanted) pause();
      this.seek((Math.max(0, Math.min(frameAt(position()) + frames, last())) + 0.5) / fps);
    },
    setRate(value) {
      place(position());
      rate = value;
    },
    setLoop(value) {
      looping = value;
    },
    /** How long the longest video is, and its frames per second. */
    setLength(seconds, framesPerSecond) {
      length = seconds;
      fps = framesPerSecond || 24;
      if (!running) place(Math.min(at, length));
      tell();
    },
    /** A video that is ready takes part from here on. */
    join(screen, facts) {
      parts.set(screen, facts);
      screen.seek(within(position(), facts)); // where the clock runs, the next tick takes it along
    },
    leave(screen) {
      parts.delete(screen);
    },
    get looping() {
      return looping;
    },
    get playing() {
      return wanted;
    },
    /** Where it stands, in seconds. */
    get seconds() {
      return Math.min(position(), length);
    },
    get parts() {
      return parts.size;
    },
    dispose() {
      turn += 1;
      wanted = running = false;
      cancelAnimationFrame(handle);
      parts.clear();
    },
  };
}

/** Resolves when the video stands there and could play. */
function settled(screen, seconds) {
  return new Promise((resolve) => {
    const { video } = screen;
    screen.seek(seconds);
    const look = () => {
      if (video.seeking || video.readyState < 2) return;
      video.removeEventListener("seeked", look);
      video.removeEventListener("canplay", look);
      resolve();
    };
    video.addEventListener("seeked", look);
    video.addEventListener("canplay", look);
    look();
  });
}
