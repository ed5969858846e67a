/**
 * Make `wanted` the children of `parent`, in this order. Children that stay are not taken out and put back: that would take
 * the focus from who is on one of them, and make a screen reader say it again.
 *
 * @param {Element} parent
 * @param {Element[]} wanted
 */
export function arrange(parent, wanted) {
  const active = parent.getRootNode().activeElement;
  for (const child of [...parent.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
  // Another order moves elements after all.
  if (active && parent.contains(active) && parent.getRootNode().activeElement !== active) active.focus();
}
