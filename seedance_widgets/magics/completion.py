"""Completion of both magics: names, and the values that the chosen model takes."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from seedance_widgets.catalog import ADAPTIVE, catalogue, find_model, provider_facts, provider_name, rules
from seedance_widgets.errors import SeedanceError
from seedance_widgets.jobs import list_jobs
from seedance_widgets.magics.commands import COMMANDS
from seedance_widgets.magics.reading import split_words
from seedance_widgets.magics.vocabulary import (
    ANNOTATIONS,
    CHECK,
    NAME,
    OWN,
    PARAMETER,
    REFERENCES,
    SWITCHES,
    provider_words,
)
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.request.rules_settings import any_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from IPython.core.completer import CompletionContext
    from IPython.core.interactiveshell import InteractiveShell

_RECENT = 20  # jobs whose ids are completed


class Offered(NamedTuple):
    """What may be written next.

    Args:
        begun: What is replaced by it.
        words: What may stand there.
        kind: What these are; a front end shows it beside each: `param`, `value`, `path`, `instance` or `keyword`.
    """

    begun: str = ""
    words: Sequence[str] = ()
    kind: str = "value"


def completions(shell: InteractiveShell, context: CompletionContext) -> Offered:
    """What may be written next."""
    match = re.match(rf"\s*(%%?){NAME}\s+(.*)", context.text_until_cursor, re.DOTALL)
    if match is None or (match[1] == "%%" and context.full_text.split("\n")[: context.cursor_line] not in ([], [""])):
        return Offered()  # the lines below are prose
    if match[1] == "%":
        *done, last = re.split(r"\s+", match[2])
        return Offered(last, _starting(last, _line_words(done)), "value" if done else "keyword")
    words = split_words(match[2])
    if words.done[-1:] == ["--out"]:
        return Offered()
    given = {found["name"]: found["value"].strip("'\"") for found in map(PARAMETER.fullmatch, words.done) if found}
    written = PARAMETER.fullmatch(words.last)
    if written is None:
        offered = [f"{name}=" for name in _parameters(given)] + [one for one in SWITCHES if one not in words.done]
        return Offered(words.last, _starting(words.last, [*offered, CHECK]), "param")
    return _values(shell, written["name"], written["value"], given)


def _line_words(done: list[str]) -> Iterable[str]:
    match done:
        case []:
            return COMMANDS
        case ["provider"]:
            return provider_words()
        case ["models"]:
            return _model_words("")
        case ["job"]:
            try:
                return [one.id for one in list_jobs(_RECENT)]
            except SeedanceError:  # a ledger that cannot be read has nothing to offer
                return []
        case _:
            return []


def _parameters(given: Mapping[str, str]) -> list[str]:
    """The parameters that are not given yet and that the model takes."""
    asked = find_model(given.get("model"))
    names = [name for name in (*ANNOTATIONS, *OWN) if name not in given]
    if asked is None:
        return names
    takes = {
        "first_frame_url": "first_frame" in asked.modes,
        "last_frame_url": "first_last_frame" in asked.modes,
        REFERENCES: asked.references > 0,
        "frames": asked.frames,
        "generate_audio": asked.audio,
        "seed": asked.seed,
        "camera_fixed": bool(asked.camera_fixed),
    }
    return [name for name in names if takes.get(name, True)]


def _values(shell: InteractiveShell, name: str, raw: str, given: Mapping[str, str]) -> Offered:
    if variable := re.search(r"\$(\w*)$", raw):
        return Offered(variable[0], [f"${one}" for one in _variables(shell, variable[1])], "instance")
    if name in IMAGE_FIELDS:
        piece = re.split(r"[,\[(]\s*", raw)[-1] if name == REFERENCES else raw
        return Offered(piece, _files(piece, quoted=raw[:1] in {"[", "("}), "path")
    if name == "model":
        return Offered(raw, _starting(raw, _model_words(raw)))
    offered = provider_words() if name == "provider" else _settings(name, given)
    return Offered(raw, _starting(raw, offered))


def _settings(name: str, given: Mapping[str, str]) -> list[str]:
    """The values of a setting that the chosen model takes; all that any model takes where none is chosen."""
    asked, common = find_model(given.get("model")), rules()
    images: dict[str, Any] = {field: given[field] for field in IMAGE_FIELDS if field in given}
    mode = VideoRequest("", **images).mode
    booleans = {
        "generate_audio": asked is None or asked.audio,
        "camera_fixed": asked is None or mode in asked.camera_fixed,
    }
    match name:
        case "resolution":
            return [*(asked.resolutions_in(mode) if asked else common.resolutions)]
        case "ratio" if asked and mode in asked.adaptive_only:
            return [ADAPTIVE]
        case "ratio":
            return [*common.ratios, *([ADAPTIVE] if asked is None or mode in asked.adaptive else [])]
        case "service_tier":
            return _tiers(given)
        case "duration":
            span = asked.duration if asked else any_duration()
            return [*map(str, range(span.first, span.last + 1, span.step)), *(["-1"] if span.auto else [])]
        case "frames" if asked is None or asked.frames:
            return [*map(str, range(common.frames.first, common.frames.last + 1, common.frames.step))]
        case "seed":
            return [str(common.seed.first)]
        case "execution_expires_after":
            return [*map(str, (common.expires.first, common.expires.default, common.expires.last))]
        case _ if ANNOTATIONS.get(name) == "bool":
            return ["True", "False"] if booleans.get(name, True) else ["False"]
        case _:
            return []


def _tiers(given: Mapping[str, str]) -> list[str]:
    asked, maker = find_model(given.get("model")), provider_name(given.get("provider", ""))
    facts = provider_facts(maker.rpartition(":")[2]) if maker else None
    known = dict.fromkeys(tier for one in catalogue().providers.values() for tier in one.tiers)
    return [tier for tier in known if (asked is None or tier in asked.tiers) and (facts is None or tier in facts.tiers)]


def _model_words(raw: str) -> list[str]:
    """Short names, and the ids where somebody begins to write one."""
    known = catalogue().models
    ids = [identity for one in known.values() for identity in one.ids.values()]
    return [*known, *(dict.fromkeys(ids) if raw[:1].isalpha() else [])]


def _variables(shell: InteractiveShell, begun: str) -> list[str]:
    """What a person has set and may mean as a value: neither modules nor functions nor IPython's own."""
    hidden = shell.user_ns_hidden
    return sorted(
        name
        for name, value in shell.user_ns.items()
        if name.startswith(begun)
        and (begun.startswith("_") or not name.startswith("_"))
        and hidden.get(name, shell) is not value
        and not isinstance(value, ModuleType)
        and not callable(value)
    )


def _files(begun: str, *, quoted: bool) -> list[str]:
    """Images, and the folders that may hold some."""
    quote = begun[:1] if begun[:1] in {"'", '"'} else ""
    folder, slash, start = begun.removeprefix(quote).rpartition("/")
    try:
        there = sorted(Path(folder + slash or ".").expanduser().iterdir())
        named = [(one.name, one.is_dir()) for one in there if one.name.lower().startswith(start.lower())]
    except (OSError, RuntimeError, ValueError):  # no such folder, no such home, no such name
        return []
    shown = [(name, is_folder) for name, is_folder in named if start.startswith(".") or not name.startswith(".")]
    return [
        _as_word(folder + slash + name + ("/" if is_folder else ""), quote, quoted=quoted, closed=not is_folder)
        for name, is_folder in shown
        if is_folder or _is_image(name)
    ]


def _is_image(name: str) -> bool:
    suffix = Path(name).suffix.lower().removeprefix(".")
    kind = {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix)
    return kind in {*rules().images.formats, "heic", "heif"}


def _as_word(path: str, quote: str, *, quoted: bool, closed: bool) -> str:
    if not quote and (quoted or re.search(r"[\s'\"$,{}]", path)):
        quote = '"' if "'" in path else "'"
    return f"{quote}{path}{quote if closed else ''}"  # a folder's quote stays open: its file comes next


def _starting(begun: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.lower().startswith(begun.lower())]
