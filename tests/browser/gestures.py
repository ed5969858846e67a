"""What a person does with a mouse and a clipboard that playwright has no word for."""

from __future__ import annotations

import base64

_TRANSFER = """
(element, { kind, files, text }) => {
  const transfer = new DataTransfer();
  for (const { name, type, data, size } of files) {
    const bytes = size ? new Uint8Array(size) : Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  for (const [type, words] of Object.entries(text)) transfer.setData(type, words);
  const options = { bubbles: true, cancelable: true, composed: true };
  if (kind === "paste") {
    element.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData: transfer }));
    return;
  }
  for (const name of kind === "drop" ? ["dragenter", "dragover", "drop"] : [kind])
    element.dispatchEvent(new DragEvent(name, { ...options, dataTransfer: transfer }));
}
"""


def a_file(name: str, data: bytes, kind: str = "image/png") -> dict:
    """A file as the system hands it to the browser."""
    return {"name": name, "type": kind, "data": base64.b64encode(data).decode("ascii")}


def an_empty_file(name: str, size: int, kind: str = "image/png") -> dict:
    """The same, so many bytes of nothing: to tell them to the browser would take minutes."""
    return {"name": name, "type": kind, "size": size}


async def drop(locator, *files: dict, text: dict | None = None) -> None:
    """Drag files (`a_file`), or text such as `{"text/uri-list": url}`, over an element and let them go there."""
    await locator.evaluate(_TRANSFER, {"kind": "drop", "files": list(files), "text": text or {}})


async def drag_over(locator, *files: dict) -> None:
    """Drag files over an element, and not let go yet."""
    await locator.evaluate(_TRANSFER, {"kind": "dragover", "files": list(files), "text": {}})


async def paste(locator, *files: dict, text: dict | None = None) -> None:
    """Paste files, or text such as `{"text/plain": words}`, into an element."""
    await locator.evaluate(_TRANSFER, {"kind": "paste", "files": list(files), "text": text or {}})
