/**
 * Put text on the clipboard, also on a page without https, where browsers keep the clipboard from scripts.
 *
 * @param {string} text
 * @param {Element} home  In the document, and inside what keeps the notebook from its own way with `copy`.
 * @returns {Promise<boolean>}  Whether it is there.
 */
export async function copyText(text, home) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, home);
  }
}

function copyBySelection(text, home) {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "sw-hidden-text";
  home.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    before?.focus?.();
  }
}

/** Select all of an element's text, for whoever must press Ctrl+C. */
export function selectText(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = document.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}
