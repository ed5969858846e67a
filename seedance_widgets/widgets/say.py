"""The sentences of `check` and of jobs in the language of the surface. They themselves speak English, whoever asks."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files

_FILES = ("sentences.toml", "job_sentences.toml", "many_sentences.toml")
_BLANK = re.compile(r"\{(\w+)\}")
# Where what stands in a blank is looked up: a job tells what somebody else has said.
_INSIDE = {"jobs": ("jobs", "phrases"), "many": ("sentences", "jobs", "many", "phrases"), "parts": ("parts",)}
_LONGEST = 2000  # no sentence of ours is longer; a server's is left alone
_DEEPEST = 3  # a phrase in a phrase in a phrase


@lru_cache(maxsize=512)
def say(sentence: str, lang: str) -> str:
    """A sentence in another language; one that the table does not know stays English.

    Args:
        sentence: A message of `check`, of a job or of the error catalogue.
        lang: `en` or `zh`.
    """
    if lang == "en" or len(sentence) > _LONGEST:
        return sentence
    return _translated(sentence, ("sentences", "jobs", "many", "phrases"), _DEEPEST)


def say_parts(line: str, lang: str) -> str:
    """A line of parts between dots, such as `12 cells · 3 to send · free`, in another language.

    Args:
        line: Of a plan, an estimate or what a cancel has done.
        lang: `en` or `zh`.
    """
    if lang == "en" or len(line) > _LONGEST:
        return line
    return " · ".join(_translated(part, ("parts",), _DEEPEST) for part in line.split(" · "))


def _translated(text: str, sections: tuple[str, ...], deeper: int) -> str:
    for section in sections:
        for pieces, words in _sentences()[section]:
            blanks = _blanks(pieces, text)
            if blanks is None:
                continue
            if deeper:
                # What stands in a blank may be a phrase of its own; values of the person stay as they are.
                inside = _INSIDE.get(section, ("phrases",))
                blanks = {name: _translated(value, inside, deeper - 1) for name, value in blanks.items()}
            return _BLANK.sub(lambda blank: blanks[blank[1]], words)  # noqa: B023  used at once
    return text


@cache
def _sentences() -> dict[str, list[tuple[list[str], str]]]:
    """Each table with its sentences in pieces (text, name, text, ..., text), those with the most own words first."""
    texts = [files(__package__).joinpath(name).read_text("utf-8") for name in _FILES]
    return {
        section: [(_BLANK.split(english), rows[english]) for english in sorted(rows, key=_own_words, reverse=True)]
        for text in texts
        for section, rows in tomllib.loads(text).items()
    }


def _own_words(english: str) -> int:
    return len(_BLANK.sub("", english))


def _blanks(pieces: list[str], text: str) -> dict[str, str] | None:
    """What stands in the blanks of a sentence, each as short as can be; None where `text` is another sentence.

    By searching, not with a regular expression: a server's text could keep one busy for seconds.
    """
    *between, last = pieces[2::2] if len(pieces) > 1 else [""]
    at, end = len(pieces[0]), len(text) - len(last)
    if not text.startswith(pieces[0]) or not text.endswith(last):
        return None
    found: dict[str, str] = {}
    names = pieces[1::2]
    for name, piece in zip(names, between, strict=False):  # the last name has no piece between
        place = text.find(piece, at + 1, end)
        if place < 0:
            return None
        found[name] = text[at:place]
        at = place + len(piece)
    if not names:
        return found if at == end else None
    if at >= end:
        return None
    return {**found, names[-1]: text[at:end]}
