"""Values written down in Python, JSON and shell, so that each stays one value whatever it holds."""

from __future__ import annotations

import json
import math
import re
import shlex
from typing import TYPE_CHECKING, Any

from seedance_widgets.request.plain import Odd, shown, tame
from seedance_widgets.widgets.sendable import sendable

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_PLAIN = re.compile(r"[^ -~\n]")


def python_text(text: str) -> str:
    """A Python string literal, in double quotes where that needs no escapes; printable signs stay as they are."""
    # repr takes double quotes for a text with an apostrophe and none of them: give it one, and take it off again.
    return repr(text) if '"' in text else '"' + repr("'" + text)[2:]


def python_value(value: Any, names: Mapping[str, str] | None = None) -> str:
    """A Python expression, on one line.

    Args:
        value: Plain values, lists and dicts of them; anything else is written as the plain value that it is like.
        names: Strings that stand for something else, and the expression for it.
    """
    if isinstance(value, dict):
        pairs = (f"{python_text(key)}: {python_value(one, names)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(python_value(one, names) for one in value)}]"
    value = tame(value)
    if isinstance(value, Odd) and value.like is not None:
        value = value.like
    if isinstance(value, str):
        return names[value] if names and value in names else python_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    try:
        return repr(value) if value is None or isinstance(value, (bool, int, float)) else python_text(shown(value))
    except ValueError:  # a number of thousands of digits, which `check` refuses
        return python_text(shown(value))


def json_text(value: Any) -> str:
    """JSON over several lines; signs that do not print, or mislead the eye, are escaped."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    except ValueError:  # the same
        text = json.dumps(sendable(value), indent=2, ensure_ascii=False, default=_plain)
    return _NOT_PLAIN.sub(lambda sign: sign[0] if sign[0].isprintable() else json.dumps(sign[0])[1:-1], text)


def shell_word(text: str) -> str:
    """One word of a POSIX shell."""
    if text.isprintable():
        return shlex.quote(text)
    try:
        data = text.encode("utf-8", "surrogateescape")  # as file names hold bytes that are no text
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogatepass")
    return f"$'{''.join(_escaped(byte) for byte in data)}'"


def here_text(text: str) -> str:
    """Lines of a here-document whose delimiter is not quoted, in which nothing is expanded."""
    return re.sub(r"[\\$`]", r"\\\g<0>", text)


def _escaped(byte: int) -> str:
    sign = chr(byte)
    return sign if sign.isascii() and sign.isprintable() and sign not in "\\'" else f"\\x{byte:02x}"


def _plain(value: Any) -> Any:
    value = tame(value)
    return value.like if isinstance(value, Odd) and value.like is not None else shown(value)
