"""The head of the Studio: who makes the videos, whether it costs, and who else could."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import catalogue
from seedance_widgets.widgets.strings import text

if TYPE_CHECKING:
    from seedance_widgets.providers.base import Provider

_SIMULATOR = "simulator"


def header_state(provider: Provider | None, trouble: str, lang: str) -> dict[str, Any]:
    """What the head shows; of a key only whether there is one.

    Args:
        provider: Who makes the videos; None where that is not settled.
        trouble: Why it is not, as a sentence.
        lang: `en` or `zh`.
    """
    choices = [
        {"name": _SIMULATOR, "words": text(lang, "studio.free", label="Simulator"), "key_env": "", "has_key": True}
    ]
    choices += [
        {
            "name": name,
            "words": text(lang, "studio.billed", label=facts.label),
            "key_env": facts.key_env[0],
            "has_key": any(os.environ.get(key, "").strip() for key in facts.key_env),
        }
        for name, facts in catalogue().providers.items()
    ]
    if provider is None:
        words = text(lang, "studio.no_provider")
        return {"name": "", "words": words, "title": trouble, "billed": True, "trouble": trouble, "choices": choices}
    kind = "studio.billed" if provider.billed else "studio.free"
    return {
        "name": provider.name if provider.billed else _SIMULATOR,
        "words": text(lang, kind, label=provider.label),
        "title": text(lang, "studio.change_provider", base_url=provider.base_url),
        "billed": provider.billed,
        "trouble": trouble,
        "choices": choices,
    }
