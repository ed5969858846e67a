"""The sentences of `check` and of jobs in the language of the surface. They themselves speak English, whoever asks."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files

_FILES = ("sentences.toml", "job_sentences.toml")
_BLANK = re.compile(r"\{(\w+)\}")
# Where what stands in a blank is looked up: a job tells what somebody else has said.
_INSIDE = {"jobs": ("jobs", "phrases")}
_LONGEST = 2000  # no sentence of ours is longer: a server's is left alone, whatever it does to a pattern


@lru_cache(maxsize=512)
def say(sentence: str, lang: str) -> str:
    """A sentence in another language; one that the table does not know stays English.

    Args:
        sentence: A message of `check`, of a job or of the error catalogue.
        lang: `en` or `zh`.
    """
    if lang == "en" or len(sentence) > _LONGEST:
        return sentence
    return _translated(sentence, ("sentences", "jobs", "phrases"))


def _translated(text: str, sections: tuple[str, ...]) -> str:
    for section in sections:
        for pattern, words in _patterns()[section]:
            if found := pattern.fullmatch(text):
                # What stands in a blank may be a phrase of its own; values of the person stay as they are.
                inside = _INSIDE.get(section, ("phrases",))
                blanks = {name: _translated(value, inside) for name, value in found.groupdict().items()}
                return _BLANK.sub(lambda blank: blanks[blank[1]], words)  # noqa: B023  used at once
    return text


@cache
def _patterns() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    """Each table with its sentences as patterns, those with the most words of their own first."""
    texts = [files(__package__).joinpath(name).read_text("utf-8") for name in _FILES]
    return {
        section: [(_pattern(english), rows[english]) for english in sorted(rows, key=_own_words, reverse=True)]
        for text in texts
        for section, rows in tomllib.loads(text).items()
    }


def _own_words(english: str) -> int:
    return len(_BLANK.sub("", english))


def _pattern(english: str) -> re.Pattern[str]:
    pieces = _BLANK.split(english)  # text, name, text, name, ..., text
    pattern = "".join(re.escape(piece) if i % 2 == 0 else f"(?P<{piece}>.+?)" for i, piece in enumerate(pieces))
    return re.compile(pattern, re.DOTALL)
