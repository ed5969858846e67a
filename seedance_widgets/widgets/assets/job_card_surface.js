/** JobCard: what a displayed job looks like. */

import { fill, h, onChange, show, surfaceRoot, translator } from "./dom.js";
import { createRpc } from "./rpc.js";
import { createMedia } from "./media.js";
import { createResult } from "./result.js";
import { createJobRow } from "./jobs.js";

function render({ model, el, strings }) {
  const rpc = createRpc(model);
  const t = translator(model, strings);
  const media = createMedia(rpc);
  const root = surfaceRoot(model, "job-card");
  const notice = h("p.sw-notice", { role: "alert", hidden: true });
  const late = h("p.sw-notice.sw-late", { role: "status", hidden: true });
  rpc.onLate((now) => show(fill(late, t("common.kernel_busy")), now));

  const row = createJobRow({ rpc, t, media, alone: true });
  const result = createResult({ rpc, t, media, onTrouble: (words) => show(fill(notice, words), true) });
  root.append(row.element, notice, late, result.element);
  el.append(root);

  function draw() {
    const job = model.get("job");
    row.draw(job);
    result.draw({ job });
  }
  const stop = onChange(model, ["job"], draw);
  draw();
  return () => {
    stop();
    [row, result, media, rpc].forEach((part) => part.dispose());
    root.remove();
  };
}

export default { render };
