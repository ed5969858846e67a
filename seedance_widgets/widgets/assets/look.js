/** Resolution and ratio: what shape the video has, and how many pixels come out of it. */

import { createChoice, labelFace } from "./controls.js";
import { fill, h, set, uniqueId } from "./dom.js";
import { createProblems, describe } from "./problems.js";

const AREA = 500; // square pixels of the little frames: equal for all, as the videos are about equally large

export function createLook({ rpc, edits, t }) {
  const hint = h("p.sw-quiet.sw-aside", { id: uniqueId("pixels") });
  const groups = {
    resolution: createChoice({
      legend: t("field.resolution"),
      props: { "data-field": "resolution" },
      face: labelFace,
      onPick: (resolution) => edits.set({ resolution }),
      onPoint: () => drawHint(),
    }),
    ratio: createChoice({
      legend: t("field.ratio"),
      props: { "data-field": "ratio" },
      group: "sw-shapes",
      face: shapeFace,
      onPick: (ratio) => edits.set({ ratio }),
      onPoint: () => drawHint(),
    }),
  };
  const problems = { resolution: createProblems({ rpc, t }), ratio: createProblems({ rpc, t }) };
  const element = h(
    "div.sw-field",
    {},
    h("div.sw-look", {}, groups.resolution.element, groups.ratio.element),
    hint,
    problems.resolution.element,
    problems.ratio.element,
  );

  function drawHint() {
    const pointed = groups.resolution.pointed ?? groups.ratio.pointed;
    const option = pointed ?? groups.ratio.chosen;
    const words = [option?.label, option?.reason || option?.detail].filter(Boolean).join(" · ");
    fill(hint, words || "\u00a0"); // the line keeps its place: nothing jumps under the pointer
    set(hint, { "data-off": pointed?.reason ? "true" : null });
  }

  return {
    element,
    draw(view) {
      for (const [field, group] of Object.entries(groups)) {
        group.draw(view.options[field], edits.settled ? view.values[field] : undefined);
        problems[field].draw(view, field);
        describe(group.element, view, field, problems[field].id);
      }
      drawHint();
    },
  };
}

/** A ratio as the shape it has; `adaptive` has none of its own. */
function shapeFace(value) {
  const shape = h("span.sw-shape", { "aria-hidden": "true" });
  const words = h("span.sw-shape-name");
  shape.classList.toggle("sw-dashed", value === "adaptive");
  return {
    parts: [h("span.sw-shape-box", {}, shape), words],
    draw({ label, shape: sides }) {
      const [width, height] = sides ?? [1, 1];
      shape.style.width = `${Math.sqrt((AREA * width) / height)}px`;
      shape.style.height = `${Math.sqrt((AREA * height) / width)}px`;
      fill(words, label);
    },
  };
}
