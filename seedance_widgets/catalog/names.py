"""What people call models and providers: exact names, aliases, and what a wrong one most likely means."""

from __future__ import annotations

import difflib
import re
from functools import cache

from seedance_widgets.catalog.models import Model, catalogue
from seedance_widgets.secrecy import quoted

SIMULATED = "simulator:"  # before a provider's name: the simulator, in that provider's words
_SIMULATOR = "simulator"
# Words that say nothing of which Seedance it is, and the date at the end of an id.
_FILLER = re.compile(r"doubao|dreamina|bytedance|seedance|version|model|v(?=\d)")
_DATE = re.compile(r"[\W_]\d{4,8}\s*$")  # also one that was copied in part
_OFFERED = 3
_ALIKE = 0.6  # of 1: how much of a wrong name must be right
_READ = 100  # characters of a wrong name that are looked at


def provider_name(name: str) -> str | None:
    """The catalogue's name of the provider that people call `name`; None where nobody is called so.

    Args:
        name: A catalogue name, an alias (`ark`, `byteplus`, ...) or a label, in any case, with any space around it;
            `simulator:` may stand before it, and `simulator` alone is the simulator in Volcengine's words.
    """
    text = name.strip().lower()
    if text == _SIMULATOR:
        return SIMULATED + next(iter(catalogue().providers))
    if text.startswith(SIMULATED):
        inner = _provider_names().get(text.removeprefix(SIMULATED).strip())
        return SIMULATED + inner if inner else None
    return _provider_names().get(text)


def provider_choices() -> str:
    """What can be chosen, for a sentence: `simulator, ark (Volcengine Ark), ...`."""
    called = [f"{facts.aliases[0]} ({facts.label})" for facts in catalogue().providers.values()]
    return ", ".join([_SIMULATOR, *called])


def find_model(name: object) -> Model | None:
    """The model with this short name or with this id at any provider; None where there is none."""
    return _models_by_name().get(name) if isinstance(name, str) else None


def model(name: str) -> Model:
    """Look a model up by its short name (`1.0-pro`) or by its id at any provider.

    Raises:
        KeyError: No model has that name; the message holds the nearest ones.
    """
    found = find_model(name)
    if found is None:
        raise KeyError(f"no model is called {quoted(str(name))}; {nearest_models(name)}")
    return found


def close_models(name: str) -> list[str]:
    """Short names of the models that `name` may mean, the likeliest first: one where it is certain, else a few.

    Case, spaces, punctuation, makers' names and dates do not count: `Seedance 2.0`, `doubao-seedance-2-0` are `2.0`.
    """
    asked = _core(name[:_READ])
    if not asked:
        return []
    cores = {one.name: {_core(text) for text in (one.name, one.title, *one.ids.values())} for one in _all_models()}
    exact = [short for short, known in cores.items() if asked in known]
    begun = [short for short in cores if _core(short).startswith(asked)]
    held = [short for short in cores if len(asked) > 1 and asked in _core(short)]
    return (exact or begun or held or _alike(asked))[:_OFFERED]


def nearest_models(name: str) -> str:
    """A half-sentence with the short names closest to `name`, for an error message."""
    close = close_models(str(name))
    if not close:
        return f"choose one of {', '.join(catalogue().models)}."
    *others, last = close
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"


def _alike(asked: str) -> list[str]:
    """Models whose names share most letters, those of the same version before all others."""
    scores = {
        one.name: (
            _digits(asked) == _digits(core),
            difflib.SequenceMatcher(None, asked, core).ratio(),
        )
        for one in _all_models()
        for core in [_core(one.name)]
        if asked.startswith(core) or difflib.SequenceMatcher(None, asked, core).ratio() >= _ALIKE
    }
    return sorted(scores, key=lambda name: scores[name], reverse=True)


def _core(name: str) -> str:
    """The letters and digits of a name that tell one model from another: `Seedance 2.0 Fast` becomes `20fast`."""
    plain = re.sub(r"[^a-z0-9]", "", _DATE.sub("", name.lower()))
    return _FILLER.sub("", plain)


def _digits(core: str) -> str:
    return "".join(sign for sign in core if sign.isdigit())[:2]  # the version


def _all_models() -> tuple[Model, ...]:
    return tuple(catalogue().models.values())


@cache
def _models_by_name() -> dict[str, Model]:
    known: dict[str, Model] = {}
    for entry in _all_models():
        known |= dict.fromkeys((entry.name, *entry.ids.values()), entry)
    return known


@cache
def _provider_names() -> dict[str, str]:
    known: dict[str, str] = {}
    for name, facts in catalogue().providers.items():
        known |= dict.fromkeys((name, facts.label.lower(), *facts.aliases), name)
    return known
