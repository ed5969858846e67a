/** A run's time: Python says how long it has been in each state, the seconds since then are counted here. */

const SHORT_OF_THE_END = 0.95; // as far as an estimate may go before the run itself is done
const EXACT = 100; // seconds up to which nobody wants minutes

/** `31 s`, `2 min 5 s`, `1 h 3 min`. */
export function timeWords(t, seconds) {
  const whole = Math.round(seconds);
  if (whole < EXACT) return t("job.seconds", { s: whole });
  if (whole < 3600) return t("job.minutes", { m: Math.floor(whole / 60), s: whole % 60 });
  return t("job.hours", { h: Math.floor(whole / 3600), m: Math.floor((whole % 3600) / 60) });
}

/**
 * @param {(key: string, values?: object) => string} t
 * @param {() => void} onTick  Called once a second while the run goes on.
 */
export function createJobClock(t, onTick) {
  let job = null;
  let since = 0; // when `job` held, in milliseconds of this browser
  let timer = 0;

  const passed = () => (job.live ? Math.max(0, (Date.now() - since) / 1000) : 0);
  const left = () => (job.eta === null ? null : job.eta - passed());

  return {
    /** Take what Python says now. */
    set(next) {
      // A state that was there before this view, as after a reload, is as old as the kernel's clock says; one that comes
      // in is new, whatever that clock shows.
      if (job === null) since = Math.min(Date.now(), next.at * 1000);
      else if (next.at !== job.at) since = Date.now();
      job = next;
      if (job.live && !timer) timer = setInterval(onTick, 1000);
      if (!job.live) {
        clearInterval(timer);
        timer = 0;
      }
    },

    /** `queued 2 s, running 31 s, about 24 s to go`. */
    words() {
      if (job.done) return t(job.state === "succeeded" ? "job.spent_altogether" : "job.ended_after", { time: timeWords(t, job.elapsed) });
      const more = passed();
      const parts = job.spans.map(([state, seconds], i) => [state, i === job.spans.length - 1 ? seconds + more : seconds]);
      const words = parts
        .filter(([, seconds], i) => i === parts.length - 1 || seconds >= 0.5)
        .map(([state, seconds]) => t(`job.spent_${state}`, { time: timeWords(t, seconds) }));
      if (!words.length) words.push(t("job.spent_elapsed", { time: timeWords(t, job.elapsed + more) }));
      const rest = left();
      if (rest > 0) words.push(t("job.about_to_go", { time: timeWords(t, Math.max(1, rest)) }));
      else if (job.late || rest !== null) words.push(t("job.late"));
      return words.join(t("job.comma"));
    },

    /** How far it probably is, 0 to 0.95; null where there is no estimate, or none that still holds. */
    share() {
      const rest = left();
      return rest > 0 ? Math.min(SHORT_OF_THE_END, (job.elapsed + passed()) / (job.elapsed + job.eta)) : null;
    },

    dispose() {
      clearInterval(timer);
      timer = 0;
    },
  };
}
