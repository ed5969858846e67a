/** Signs on buttons, drawn as paths: not every machine has every character. */

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  play: "M5 3l9 5-9 5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  loop: "M3 8a5 5 0 0 1 8.5-3.6L13 3v4H9l1.5-1.5A3.2 3.2 0 0 0 4.8 8zm10 0a5 5 0 0 1-8.5 3.6L3 13V9h4l-1.500 1.500A3.200 3.200 0 0 0 11.200 8z",
  sound: "M2 6h2.500L8 3v10L4.500 10H2zM10 5.500a3.500 3.500 0 0 1 0 5zM11.500 3.500a6 6 0 0 1 0 9l-.8-.9a4.800 4.800 0 0 0 0-7.200z",
  muted: "M2 6h2.500L8 3v10L4.500 10H2zM10 6l1-1 1.500 1.500L14 5l1 1-1.500 1.500L15 9l-1 1-1.500-1.500L11 10l-1-1 1.500-1.500z",
  full: "M2 2h5v2H4v3H2zM9 2h5v5h-2V4H9zM2 9h2v3h3v2H2zM12 9h2v5H9v-2h3z",
  download: "M7 2h2v6h3l-4 4-4-4h3zM2 13h12v1.500H2z",
};

/**
 * @param {keyof typeof PATHS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "sw-svg");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
