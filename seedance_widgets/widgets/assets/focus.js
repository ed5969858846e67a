/** Where the focus is, and that it never falls out of a surface because something was taken away under it. */

/** The element with the focus, also where the surface lives in a shadow root. */
export function focused(home) {
  return home.getRootNode().activeElement ?? null;
}

/** Whether the focus is on an element or within it. */
export function hasFocus(element) {
  const held = focused(element);
  return held !== null && element.contains(held);
}

/** Whether an element is drawn: it, and all that it lies in. */
export function isDrawn(element) {
  return element.isConnected && element.getClientRects().length > 0;
}

/**
 * Change what is drawn. Where that only moved the element with the focus, it keeps it; where that took it away, another
 * one gets it.
 *
 * @param {HTMLElement} home  What is changed.
 * @param {() => void} change
 * @param {() => HTMLElement | null | undefined} back  Who gets the focus.
 */
export function keepFocus(home, change, back) {
  const held = hasFocus(home) ? focused(home) : null;
  change();
  if (!held || (focused(home) === held && isDrawn(held))) return;
  (isDrawn(held) ? held : back())?.focus({ preventScroll: true });
}

/** Let these be the children, in this order; those that may stay where they are do, with their focus and their videos. */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  children.forEach((child, i) => child !== parent.childNodes[i] && parent.insertBefore(child, parent.childNodes[i] ?? null));
}
