/** The prompt: what happens, how much of it is advised, and words for motion and camera to press. */

import { typed } from "./controls.js";
import { fill, h, set, show, uniqueId } from "./dom.js";
import { createProblems, describe } from "./problems.js";

// In the order in which they are shown; the first few at once, the rest on demand.
const WORDS = [
  "push_in", "pan_left", "orbit", "handheld", "time_lapse", "locked",
  "pull_out", "pan_right", "tilt_up", "tilt_down", "tracking", "crane_up", "crane_down", "zoom_in", "dolly_zoom", "aerial",
  "first_person", "slow_motion", "rack_focus", "close_up", "wide_shot",
];
const AT_ONCE = 6;

export function createPrompt({ rpc, edits, t }) {
  const counter = h("output.sw-quiet.sw-counter", { id: uniqueId("count") });
  const problems = createProblems({ rpc, t });
  const area = h("textarea.sw-input.sw-prompt", { id: uniqueId("prompt"), rows: 3, "data-field": "prompt", placeholder: t("field.prompt_hint"), title: t("field.prompt_keys") });
  const words = createWords({ area, t });
  const element = h(
    "div.sw-field",
    {},
    h("div.sw-head", {}, h("label.sw-label", { for: area.id }, t("field.prompt")), counter),
    area,
    problems.element,
    words.element,
  );
  const input = typed(area, { onEdit: (prompt) => edits.set({ prompt }) });
  area.addEventListener("input", () => shape());
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    area.dispatchEvent(new CustomEvent("sw-generate", { bubbles: true }));
  });

  function shape() {
    words.draw();
    if (CSS.supports("field-sizing", "content")) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
  }

  return {
    element,
    draw(view) {
      if (edits.settled) input.draw(view.values.prompt);
      fill(counter, view.prompt.over ? `⚠ ${view.prompt.count}` : view.prompt.count);
      set(counter, { "data-over": view.prompt.over ? "true" : null });
      problems.draw(view, "prompt");
      describe(area, view, "prompt", counter.id, problems.id);
      shape();
    },
  };
}

/** Words to press: each goes in at the caret, and comes out again. */
function createWords({ area, t }) {
  const made = WORDS.map((name) => {
    const phrase = t(`vocabulary.${name}_text`);
    const button = h("button.sw-chip", { type: "button", title: phrase, onclick: () => toggle(phrase) }, t(`vocabulary.${name}`));
    return { phrase, button };
  });
  const more = h("button.sw-chip.sw-more", { type: "button", "aria-expanded": "false", onclick: () => unfold(!open) }, t("field.more_words"));
  const element = h("div.sw-chips", { role: "group", "aria-label": t("field.words") }, ...made.map(({ button }) => button), more);
  let open = false;
  // The caret stays in the prompt, and what is typed there can still be undone.
  element.addEventListener("mousedown", (event) => event.preventDefault());

  function unfold(now) {
    open = now;
    set(more, { "aria-expanded": String(open) });
    fill(more, t(open ? "field.fewer_words" : "field.more_words"));
    draw();
  }

  function draw() {
    made.forEach(({ phrase, button }, i) => {
      const there = Boolean(place(area.value, phrase));
      set(button, { "aria-pressed": String(there) });
      show(button, open || there || i < AT_ONCE || button === button.getRootNode().activeElement);
    });
  }

  function toggle(phrase) {
    const found = place(area.value, phrase);
    if (found) replace(area, ...found, "");
    else replace(area, ...joined(area.value, area.selectionEnd, phrase));
  }

  return { element, draw };
}

/** Where a phrase stands in a text, whatever its case, with one comma beside it: [start, end], or null. */
function place(text, phrase) {
  const words = phrase.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // Chinese has no spaces between words: only a Latin letter beside it makes it another word.
  const found = new RegExp(`(?<![\\p{Script=Latin}\\d])${words}(?![\\p{Script=Latin}\\d])`, "iu").exec(text);
  if (!found) return null;
  const [start, end] = [found.index, found.index + found[0].length];
  const lead = /[,，、] *$/.exec(text.slice(0, start));
  if (lead) return [lead.index, end];
  return [start, end + /^[,，、]? */.exec(text.slice(end))[0].length];
}

/** A phrase as a further part of the sentence at the caret, with the commas that it needs: [start, end, words]. */
function joined(text, caret, phrase) {
  const chinese = /\p{Script=Han}/u.test(phrase);
  const comma = chinese ? "，" : ", ";
  const at = endOfWord(text, caret);
  const before = text.slice(0, at).replace(/ +$/, "");
  const after = text.slice(at).replace(/^ +/, "");
  let lead = comma;
  if (!before || /[\n，。；：！？、…]$/.test(before)) lead = "";
  else if (/[,.;:!?]$/.test(before)) lead = " ";
  const tail = /^[\p{L}\d]/u.test(after) ? comma : "";
  return [before.length, text.length - after.length, lead + phrase + tail];
}

/** A caret within a word stands for the end of it. */
function endOfWord(text, caret) {
  const letter = /[\p{Script=Latin}\d'’-]/u;
  let at = caret;
  if (at && letter.test(text[at - 1])) while (at < text.length && letter.test(text[at])) at += 1;
  return at;
}

/** Put a text in as if it was typed. */
function replace(area, start, end, text) {
  if (area.getRootNode().activeElement === area) {
    area.setSelectionRange(start, end);
    // The one way that keeps the history of what was typed; it sends the event itself.
    if (document.execCommand("insertText", false, text)) return;
  }
  area.setRangeText(text, start, end, "end");
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
