/** What surfaces have in common that ask Python: what went wrong, what is news, and a kernel that is busy, at the top. */

import { fill, h, show } from "./dom.js";
import { createRpc } from "./rpc.js";

/**
 * @param {any} model
 * @param {(key: string, values?: object) => string} t
 */
export function createDesk(model, t) {
  const rpc = createRpc(model, t);
  const notice = createNotice("p.sw-notice", "alert", t);
  const said = createNotice("p.sw-news", "status", t);
  const late = h("p.sw-notice.sw-late", { role: "status", hidden: true });
  let cause = null; // the kind of call that went wrong; null for what Python told by itself
  rpc.onLate((now) => show(fill(late, t("common.kernel_busy")), now));

  function complain(trouble, type = null) {
    cause = type;
    notice.tell(trouble);
  }
  const say = said.tell;
  const heard = (message) => message?.type === "words" && (message.trouble ? complain(message.words) : say(message.words));
  model.on("msg:custom", heard);

  return {
    rpc,
    elements: [notice.element, late, said.element],
    say,
    complain: (trouble) => complain(trouble),
    /** Ask Python; null where that went wrong, which is told at the top until the same goes well, or somebody closes it. */
    async ask(type, payload) {
      try {
        const { value } = await rpc.call(type, payload);
        if (cause === type) complain("");
        return value ?? {};
      } catch (error) {
        complain(error.message, type);
        return null;
      }
    },
    dispose() {
      model.off("msg:custom", heard);
      rpc.dispose();
    },
  };
}

/** A line with a button that closes it; the focus goes back to where it came from. */
function createNotice(name, role, t) {
  let before = null;
  const words = h("span", { dir: "auto" });
  const close = h("button.sw-button.sw-close", { type: "button", "aria-label": t("desk.close"), onfocus: (event) => (before = event.relatedTarget), onclick: () => hide() }, "×");
  const element = h(name, { role, hidden: true }, words, close);

  function hide() {
    show(element, false);
    if (before?.isConnected) before.focus({ preventScroll: true });
  }

  return {
    element,
    tell: (news) => show(element, Boolean(fill(words, news).textContent)),
  };
}
