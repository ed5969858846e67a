"""What the widgets say, in English and Chinese: one table, `strings.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")


@cache
def table() -> dict[str, dict[str, tuple[str, ...]]]:
    """Every string by section and name, in the order of `LANGUAGES`."""
    raw = tomllib.loads(files(__package__).joinpath("strings.toml").read_text("utf-8"))
    return {section: {name: tuple(pair) for name, pair in rows.items()} for section, rows in raw.items()}


def strings_of(lang: str, sections: tuple[str, ...]) -> dict[str, str]:
    """What the browser needs: `section.name` and its words, for these sections."""
    column = LANGUAGES.index(lang)
    return {f"{section}.{name}": pair[column] for section in sections for name, pair in table()[section].items()}


def text(lang: str, key: str, **values: object) -> str:
    """One string, filled in.

    Args:
        lang: `en` or `zh`.
        key: `section.name`.
        values: What its `{placeholders}` stand for.
    """
    section, name = key.split(".", 1)
    words = table()[section][name][LANGUAGES.index(lang)]
    return words.format(**values) if values else words
