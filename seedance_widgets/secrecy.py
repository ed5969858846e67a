"""What might be a key, and is therefore never repeated: an output is saved with its notebook."""

from __future__ import annotations

import re

HIDDEN = "[key]"
_LONGEST = 60  # characters of a text that a message repeats
_LONG_PART = 16  # letters and digits in a row, with no hyphen between: no name of a model or of a task has so many
_BEGINS = re.compile(r"bearer\s+\S|(?:sk|pk|ak|rk)-\S{6}|ak(?:ia|lt)[a-z0-9]{8}|eyj[\w-]{12}", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAMED = re.compile(r"key|token|secret|password", re.IGNORECASE)
_WORD = re.compile(r"(?:bearer\s+)?[\w./+-]{8,}|bearer\s+[\w./+-]+", re.IGNORECASE)


def names_a_key(name: str) -> bool:
    """Whether a parameter is called so that its value is probably a key."""
    return _NAMED.search(name) is not None


def looks_like_key(text: str) -> bool:
    """Whether a text that was meant as something else may be a key; a file's name with its suffix is none."""
    text = text.strip()
    if _BEGINS.match(text) or _UUID.fullmatch(text):
        return True
    if re.fullmatch(r"[\w+=-]+", text, re.ASCII) is None:
        return False
    parts = re.split(r"[_=+-]", text)
    return any(len(one) >= _LONG_PART and re.search(r"\d", one) and re.search(r"[^\W\d]", one) for one in parts)


def quoted(text: str) -> str:
    """A text for a message, on one line and never long; what may be a key is not repeated."""
    if looks_like_key(text):
        return HIDDEN
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def without_keys(text: str) -> str:
    """A text of somebody else's with everything taken out that may be a key."""
    return _WORD.sub(lambda word: HIDDEN if looks_like_key(word[0]) else word[0], text)
