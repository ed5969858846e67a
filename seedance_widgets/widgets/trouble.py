"""Errors in the language of the surface: what was said, and what to do."""

from __future__ import annotations

from seedance_widgets.errors import ProviderError
from seedance_widgets.widgets.say import say


def sentence_of(error: Exception, lang: str) -> str:
    """What went wrong, without any advice; what a server said stays as it came.

    Args:
        error: The error.
        lang: `en` or `zh`.
    """
    if not isinstance(error, ProviderError):
        return say(str(error), lang)
    told = say(error.message, lang)
    return told if not error.code or error.code in error.message else f"{error.code}: {told}"


def words_of(error: Exception, lang: str) -> str:
    """What went wrong and what to do, in one go.

    Args:
        error: The error.
        lang: `en` or `zh`.
    """
    told = sentence_of(error, lang)
    known = error.advice if isinstance(error, ProviderError) else None
    return f"{told} {say(known.next_step, lang)}" if known else told
