"""What a message to the browser can hold: one value that it cannot would keep all the others from coming."""

from __future__ import annotations

import json
import re
from typing import Any

from seedance_widgets.request.plain import shown

_HALVES = re.compile("[\ud800-\udfff]")  # of a character: a file name that is no UTF-8 has them
_MOST_BITS = 4096  # of a number; Python writes none with more than 4300 digits


def sendable(value: Any) -> Any:
    """The value as a message can hold it; the value itself where nothing had to be changed.

    Args:
        value: What JSON can hold, but for broken characters, NaN, infinity and numbers of thousands of digits.
    """
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return _mended(value)
    return value


# For a synced trait that holds what people or servers have written.
STATE = {"sync": True, "to_json": lambda value, _: sendable(value)}


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mended(name): _mended(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mended(one) for one in value]
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return shown(value)
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):  # noqa: PLR0124  NaN is not itself
        return str(value)
    return value
