"""Magic words: `[sim:name]` or `[sim:name=value]` in a prompt makes the simulator fail, wait or misbehave."""

from __future__ import annotations

import difflib
import re

# The package's docstring tells what each of them does.
WORDS = (
    "moderation",
    "privacy",
    "overdue",
    "quota",
    "429",
    "503",
    "500",
    "drop",
    "lost",
    "garbage",
    "noid",
    "queue",
    "run",
    "slow",
    "stuck",
    "expire",
    "fail",
    "output-moderation",
    "html",
    "gone",
    "poll-500",
    "poll-drop",
    "bad-media",
    "short-media",
    "403-media",
)

_WORD = re.compile(r"\[sim:([a-z0-9-]+)(?:=([^\]\s]{1,80}))?\]", re.IGNORECASE)


def magic_words(prompt: str) -> dict[str, str | None]:
    """The magic words of a prompt with their values, None where a word has none.

    Raises:
        ValueError: There is no such word, or its value is not a number where one belongs.
    """
    found = {name.lower(): value or None for name, value in _WORD.findall(prompt)}
    for name, value in found.items():
        if name not in WORDS:
            close = difflib.get_close_matches(name, WORDS, n=1, cutoff=0.5)
            hint = f"did you mean [sim:{close[0]}]?" if close else f"it knows {', '.join(WORDS)}."
            raise ValueError(f"the simulator knows no magic word [sim:{name}]; {hint}")
        if value is not None and name not in {"fail", "html"}:
            _number(name, value)
    return found


def number(words: dict[str, str | None], name: str, default: float) -> float:
    """The number that a word carries: `default` where the word stands alone, 0 where it is not there."""
    if name not in words:
        return 0.0
    value = words[name]
    return default if value is None else float(value)


def _number(name: str, value: str) -> None:
    try:
        good = 0 <= float(value) <= 10_000_000  # noqa: PLR2004 - some months in seconds; also refuses NaN
    except ValueError:
        good = False
    if not good:
        raise ValueError(f"[sim:{name}=...] takes a number of 0 or more; {value!r} is not one.")
