/** What was sent and answered, when, and what it cost. Python is asked when somebody looks. */

import { fill, h } from "./dom.js";
import { timeWords } from "./job_clock.js";

/**
 * @param {object} parts
 * @param {import("./rpc.js").Rpc} parts.rpc
 * @param {(key: string, values?: object) => string} parts.t
 */
export function createTimelineTab({ rpc, t }) {
  const list = h("ol.sw-timeline");
  const said = h("p.sw-quiet", { role: "status" }, t("result.loading"));
  const element = h("div", {}, said, list);
  let job = null;
  let visible = false;
  let loaded = null;
  let flight = null;

  // A job's timeline grows when what is drawn of it changes.
  const key = () => job && `${job.id} ${job.at}`;

  async function ask() {
    while (visible && job && loaded !== key()) {
      const asked = key();
      try {
        draw((await rpc.call("timeline", { job: job.id })).value);
      } catch (trouble) {
        fill(said, trouble.message);
        fill(list);
      }
      loaded = asked;
    }
  }

  function draw(lines) {
    fill(said, lines.length ? "" : t("result.no_timeline"));
    fill(list, ...lines.map(line));
  }

  function line({ at, clock, sign, state, text }) {
    return h(
      "li",
      { "data-state": state },
      h("time.sw-quiet", {}, clock),
      h("span.sw-quiet.sw-after", {}, `+${at < 10 ? t("job.seconds", { s: at.toFixed(1) }) : timeWords(t, at)}`),
      h("span.sw-sign", { "aria-hidden": "true" }, sign),
      h("span.sw-happened", {}, text),
    );
  }

  function load() {
    flight ??= ask().finally(() => (flight = null));
  }

  return {
    element,
    draw(next) {
      job = next;
      if (visible) load();
    },
    look(now) {
      visible = now;
      if (visible) load();
    },
  };
}
