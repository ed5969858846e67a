"""The words of the magics: parameters, switches, and the sentences that more than one of them says."""

from __future__ import annotations

import dataclasses
import difflib
import re
from typing import TYPE_CHECKING

from seedance_widgets.catalog import catalogue
from seedance_widgets.request import VideoRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "seedance"
REFERENCES = "reference_image_urls"
# The annotations say what a bare word of the line stands for; a resolution or a model name is never a number.
ANNOTATIONS = {field.name: str(field.type) for field in dataclasses.fields(VideoRequest) if field.name != "prompt"}
OWN = {
    "provider": "who makes it; by default the one that `%seedance provider` shows",
    "max_cost": "the most it may cost, in the provider's currency; above it nothing is sent",
}
SWITCHES = {
    "--dry-run": "show problems and price, send nothing; `check` says the same",
    "--out": "leave the job in this variable too: --out job",
}
CHECK = "check"
KEY = (
    "a key never stands in a cell, where it would be saved with the notebook: take it out, and set it in the "
    "environment (ARK_API_KEY, BYTEPLUS_API_KEY, ACEDATACLOUD_API_TOKEN) before the kernel starts, or type it into "
    "`sw.Studio()`."
)
PARAMETER = re.compile(r"(?P<name>(?:--)?[\w-]+)=(?P<value>.*)", re.DOTALL)


def provider_words() -> list[str]:
    """What people call the providers."""
    known = catalogue().providers
    aliases = [alias for facts in known.values() for alias in facts.aliases]
    return [*dict.fromkeys(["simulator", *aliases, *known])]


def nearest(word: str, known: Iterable[str]) -> str:
    """The word that was probably meant, or empty."""
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return close[0] if close else ""


def listed(words: Iterable[str]) -> str:
    """The words in one line."""
    return ", ".join(words)
