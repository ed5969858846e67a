/** What surfaces have in common that ask Python: what went wrong, what is news, and a kernel that is busy, at the top. */

import { fill, h, show } from "./dom.js";
import { createRpc } from "./rpc.js";

/**
 * @param {any} model
 * @param {(key: string, values?: object) => string} t
 */
export function createDesk(model, t) {
  const rpc = createRpc(model);
  const words = h("span");
  const close = h("button.sw-button.sw-close", { type: "button", "aria-label": t("common.close"), onclick: () => show(notice, false) }, "×");
  const notice = h("p.sw-notice", { role: "alert", hidden: true }, words, close);
  const late = h("p.sw-notice.sw-late", { role: "status", hidden: true });
  const said = h("p.sw-news", { role: "status", hidden: true });
  rpc.onLate((now) => show(fill(late, t("common.kernel_busy")), now));

  const complain = (trouble) => show(notice, Boolean(fill(words, trouble).textContent));
  const say = (news) => show(fill(said, news), Boolean(news));
  const heard = (message) => message?.type === "words" && (message.trouble ? complain : say)(message.words);
  model.on("msg:custom", heard);

  return {
    rpc,
    elements: [notice, late, said],
    say,
    complain,
    /** Ask Python; null where that went wrong, which is told at the top. */
    async ask(type, payload) {
      try {
        const { value } = await rpc.call(type, payload);
        show(notice, false);
        return value ?? {};
      } catch (error) {
        complain(error.message);
        return null;
      }
    },
    dispose() {
      model.off("msg:custom", heard);
      rpc.dispose();
    },
  };
}
