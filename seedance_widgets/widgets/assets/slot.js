/** One image slot: empty it teaches, on its way it counts, filled it shows what the ratio will keep. */

import { fill, h, set, show, uniqueId } from "./dom.js";
import { upload } from "./upload.js";

const THUMB = 640;

/**
 * @param {any} parts  See `createSlots`; `onFiles` takes several files at once, `onMove` another place.
 */
export function createSlot({ rpc, t, media, onTrouble, slot, index = null, title, sample = false, onMove, onFiles }) {
  const where = { slot, index };
  const pickerId = uniqueId("file");
  const picker = h("input.sw-hidden-text", { type: "file", id: pickerId, tabIndex: -1, multiple: Boolean(onFiles), "aria-label": title, onchange: () => pick() });
  const link = (name, press) => h("button.sw-link", { type: "button", onclick: press }, t(`slot.${name}`));
  const choose = link("choose", () => picker.click());
  choose.dataset.field = slot;
  const hint = h(
    "p.sw-slot-hint",
    {},
    t("slot.drop_paste"), " ", choose, t("slot.comma"), link("url", () => showForm()), " ", t("slot.or"), " ", link("recent", () => showRecent()),
  );
  const trySample = sample ? h("button.sw-button.sw-sample", { type: "button", onclick: () => ask("image.sample") }, t("slot.sample")) : null;
  const empty = h("div.sw-slot-empty", {}, h("strong.sw-slot-title", {}, title), hint, trySample);

  const address = h("input.sw-input", { type: "text", inputMode: "url", placeholder: "https://", "aria-label": t("slot.address"), spellcheck: false });
  const form = h(
    "form.sw-slot-form", { hidden: true },
    h("label", {}, t("slot.address"), address),
    h("span.sw-actions", {}, h("button.sw-button.sw-main", { type: "submit" }, t("slot.take")), h("button.sw-button", { type: "button", onclick: () => back() }, t("slot.back"))),
  );
  const list = h("div.sw-recent", { role: "group", "aria-label": t("slot.recent"), hidden: true });

  const progress = h("progress", { max: 1, "aria-label": t("slot.uploading", { name: title }) });
  const counted = h("span.sw-quiet");
  const waiting = h("div.sw-slot-waiting", { hidden: true }, progress, counted, h("button.sw-button", { type: "button", onclick: () => flight?.abort() }, t("slot.cancel")));

  const picture = h("img.sw-slot-picture", { alt: "", draggable: false });
  const unseen = h("span.sw-slot-unseen", { hidden: true });
  const cut = ["top", "bottom", "left", "right"].map((side) => h(`span.sw-cut.sw-cut-${side}`, { "aria-hidden": "true" }));
  const frame = h("div.sw-slot-frame", {}, picture, unseen, ...cut);
  const name = h("span.sw-slot-name");
  const facts = h("span.sw-quiet");
  const cutWords = h("span.sw-hidden-text");
  const left = onMove ? h("button.sw-button.sw-icon", { type: "button", "aria-label": t("slot.left", { name: title }), title: t("slot.left", { name: title }), onclick: () => onMove(index, index - 1) }, "←") : null;
  const right = onMove ? h("button.sw-button.sw-icon", { type: "button", "aria-label": t("slot.right", { name: title }), title: t("slot.right", { name: title }), onclick: () => onMove(index, index + 1) }, "→") : null;
  const remove = h("button.sw-button.sw-icon", { type: "button", "aria-label": t("slot.remove", { name: title }), title: t("slot.remove", { name: title }), onclick: () => ask("image.remove").then(() => choose.focus()) }, "✕");
  const filled = h("div.sw-slot-filled", { hidden: true }, frame, h("div.sw-slot-line", {}, h("span.sw-slot-words", {}, name, " ", facts, cutWords), left, right, remove));
  const element = h("div.sw-slot", { role: "group", "aria-label": title, tabIndex: -1 }, empty, form, list, waiting, filled, picker);

  let shown = null;
  let flight = null; // the file that is on its way: `done` resolves when it is here or given up
  let local = null;
  let disposed = false;

  async function ask(type, more = {}) {
    try {
      await rpc.call(type, { ...where, ...more });
      back();
      return true;
    } catch (error) {
      onTrouble(error.message);
      return false;
    }
  }

  function back() {
    const inside = form.contains(document.activeElement) || list.contains(document.activeElement);
    show(form, false);
    show(list, false);
    drawParts();
    if (inside) (shown ? remove : choose).focus();
  }

  function showForm() {
    show(list, false);
    show(form, true);
    drawParts();
    address.value = "";
    address.focus();
  }

  async function showRecent() {
    try {
      const { value } = await rpc.call("image.recent");
      const items = value.map(({ job, words, poster }) => {
        const image = h("img", { alt: "" });
        media.picture(poster, 240).then((url) => (image.src = url), () => {});
        return h("button.sw-button", { type: "button", title: words, onclick: () => ask("image.take", { job }) }, image, h("span", {}, words));
      });
      fill(list, ...(items.length ? items : [h("p.sw-quiet", {}, t("slot.none_recent"))]), h("button.sw-button.sw-recent-back", { type: "button", onclick: () => back() }, t("slot.back")));
      show(form, false);
      show(list, true);
      drawParts();
      list.querySelector("button")?.focus();
    } catch (error) {
      onTrouble(error.message);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask("image.url", { url: address.value });
  });
  form.addEventListener("keydown", (event) => event.key === "Escape" && back());
  list.addEventListener("keydown", (event) => event.key === "Escape" && back());

  function pick() {
    const files = [...picker.files];
    picker.value = "";
    takeAll(files);
  }

  function takeAll(files) {
    if (!files.length) return;
    if (onFiles && files.length > 1) onFiles(files, index);
    else take(files[0]);
  }

  /** Send a file; what is drawn meanwhile is the file itself. */
  async function take(file) {
    flight?.abort();
    forget();
    if (file.type.startsWith("image/")) local = URL.createObjectURL(file);
    const count = (received) => {
      progress.value = file.size ? received / file.size : 0;
      fill(counted, t("slot.counted", { got: (received / 1e6).toFixed(1), all: (file.size / 1e6).toFixed(1) }));
    };
    count(0);
    const mine = upload({ rpc, file, name: file.name || t("slot.pasted"), ...where, onProgress: count });
    let given = false;
    const own = {
      abort() {
        given = true;
        mine.abort();
      },
      done: mine.done.catch((error) => {
        if (!given && !disposed) onTrouble(error.message);
      }),
    };
    flight = own;
    drawParts();
    await own.done;
    if (flight !== own) return; // another file has taken its place
    flight = null;
    forget();
    if (!disposed) drawParts();
  }

  function forget() {
    if (local) URL.revokeObjectURL(local);
    local = null;
  }

  // --------------------------------------------------------------------------------------------- drag and drop

  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    set(element, { "data-over": "true" });
  });
  element.addEventListener("dragleave", () => set(element, { "data-over": null }));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    set(element, { "data-over": null });
    const { files } = event.dataTransfer;
    const link = event.dataTransfer.getData("text/uri-list") || event.dataTransfer.getData("text/plain");
    if (files.length) takeAll([...files]);
    else if (link && !event.dataTransfer.getData("text/x-seedance-reference")) ask("image.url", { url: link.split(/\r?\n/)[0] });
  });

  // ----------------------------------------------------------------------------------------------------- drawing

  function drawParts() {
    const other = !form.hidden || !list.hidden;
    show(waiting, Boolean(flight));
    show(filled, Boolean(shown) && !flight && !other);
    show(empty, !shown && !flight && !other);
    set(element, { "data-filled": shown && !flight ? "true" : null });
    if (flight) element.style.setProperty("--sw-local", local ? `url("${local}")` : "none");
  }

  async function drawPicture() {
    const key = shown.key;
    show(unseen, false);
    show(picture, true);
    picture.alt = shown.name;
    if (shown.kind === "url") {
      picture.referrerPolicy = "no-referrer";
      if (/^https?:\/\//i.test(shown.url ?? "")) picture.src = shown.url;
      else notSeen();
      return;
    }
    try {
      const url = await media.picture(key, THUMB);
      if (shown?.key === key) picture.src = url;
    } catch {
      if (shown?.key === key) notSeen();
    }
  }

  function notSeen() {
    picture.removeAttribute("src");
    show(picture, false);
    show(fill(unseen, t("slot.unseen")), true);
  }
  picture.addEventListener("error", () => picture.getAttribute("src") && notSeen());

  function drawCut(crop) {
    const [x, y, width, height] = crop ? [crop.x, crop.y, crop.width, crop.height] : [0, 0, 1, 1];
    const parts = { top: y, bottom: 1 - y - height, left: x, right: 1 - x - width };
    cut.forEach((one, i) => {
      const part = Math.max(0, Object.values(parts)[i]);
      one.style.setProperty("--sw-part", `${(part * 100).toFixed(2)}%`);
      show(one, part > 0.0005);
    });
    fill(cutWords, crop ? t("slot.cut", { part: Math.round((1 - width * height) * 100) }) : "");
    frame.title = cutWords.textContent;
  }

  return {
    element,
    slot,
    index,
    take,
    /** What resolves when the image that is on its way is here; null where none is. */
    get busy() {
      return flight?.done ?? null;
    },
    focusMove(by) {
      (by > 0 ? right : left)?.focus();
    },
    draw(next, view, problemsId) {
      const other = next?.key !== shown?.key;
      shown = next;
      picker.accept = view.options.images.accept;
      const wrong = view.problems.some((problem) => problem.field === slot && problem.severity === "error" && !problem.quiet);
      set(element, { "aria-invalid": wrong ? "true" : null, "aria-describedby": problemsId });
      set(choose, { "aria-describedby": problemsId });
      if (onMove) {
        element.draggable = Boolean(shown);
        left.disabled = index === 0;
        right.disabled = index >= view.images[slot].length - 1;
      }
      if (shown) {
        fill(name, shown.name);
        fill(facts, shown.facts);
        name.title = shown.url ?? shown.name;
        frame.style.aspectRatio = shown.width && shown.height ? `${Number(shown.width)} / ${Number(shown.height)}` : "";
        drawCut(shown.crop);
        if (other) drawPicture();
      }
      drawParts();
    },
    dispose() {
      disposed = true;
      flight?.abort();
      forget();
    },
  };
}
