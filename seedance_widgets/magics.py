"""`%seedance` and `%%seedance`: the words of a notebook for what `sw.use`, `sw.jobs` and `sw.submit` do.

A magic is never awaited by IPython, so the cell magic starts its job and hands the `Job` back: IPython shows its card
and puts it in `_`, and `await _` in the next cell gives the video.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import functools
import html
import inspect
import keyword
import math
import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand

from seedance_widgets import choice
from seedance_widgets.catalog import (
    ADAPTIVE,
    catalogue,
    find_model,
    model,
    provider_choices,
    provider_facts,
    provider_name,
    rules,
)
from seedance_widgets.catalog.tables import models
from seedance_widgets.errors import ConfigurationError, RequestError, SeedanceError
from seedance_widgets.jobs import Job, job, list_jobs, open_ledger, resume, submit
from seedance_widgets.jobs.engine import live_tracks
from seedance_widgets.jobs.record import ENDED
from seedance_widgets.request import VideoRequest, check, estimate
from seedance_widgets.request.estimate import money
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.request.rules_settings import any_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from seedance_widgets.providers.base import Provider
    from seedance_widgets.request import Estimate, Problem

_NAME = "seedance"
_LAST = 5  # jobs in the status: more are a list of their own
_RECENT = 20  # jobs whose ids are completed
_REFERENCES = "reference_image_urls"
# The annotations say what a bare word of the line stands for; a resolution or a model name is never a number.
_ANNOTATIONS = {field.name: str(field.type) for field in dataclasses.fields(VideoRequest) if field.name != "prompt"}
_OWN = {
    "provider": "who makes it; by default the one that `%seedance provider` shows",
    "max_cost": "the most it may cost, in the provider's currency; above it nothing is sent",
}
_SWITCHES = {
    "--dry-run": "show problems and price, send nothing; `check` says the same",
    "--out": "leave the job in this variable too: --out job",
}
_CHECK = "check"
_KEY = (
    "a key never stands in a cell, where it would be saved with the notebook: take it out, and set it in the "
    "environment (ARK_API_KEY, BYTEPLUS_API_KEY, ACEDATACLOUD_API_TOKEN) before the kernel starts, or type it into "
    "`sw.Studio()`."
)
_LOOKS_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_IDENTIFIER = r"[^\W\d]\w*"
_DOTTED = re.compile(rf"\$({_IDENTIFIER}(?:\.{_IDENTIFIER})*)")
_INSERT = re.compile(rf"(?P<twice>\$\$|\{{\{{|\}}\}})|\{{(?P<expression>[^{{}}]+)\}}|\$(?P<name>{_IDENTIFIER})")
_PIECE = re.compile(r"'(?P<exact>[^']*)'|\"(?P<quoted>[^\"]*)\"|(?P<bare>(?:\{[^{}]*\}|[^'\"])+)")
_PARAMETER = re.compile(r"(?P<name>(?:--)?[\w-]+)=(?P<value>.*)", re.DOTALL)


class Panel:
    """A few lines that show themselves.

    Args:
        lines: Plain text.
        below: Shown under them, where it is something that shows itself too.
    """

    def __init__(self, *lines: str, below: Any = None) -> None:
        self._lines = lines
        self._below = below

    def __repr__(self) -> str:
        return "\n".join([*self._lines, *([] if self._below is None else [repr(self._below)])])

    def _repr_html_(self) -> str:
        rows = "".join(f"<div>{html.escape(line) or '&nbsp;'}</div>" for line in self._lines)
        below = "" if self._below is None else self._below._repr_html_()
        return f'<div style="white-space:pre-wrap">{rows}</div>{below}'


class DryRun(Panel):
    """What a request would do, without doing it.

    Args:
        request: What would be asked.
        problems: What `check` finds.
        estimate: What it would make and cost.
        who: Who would make it.
        over: Why its price would stop it, or empty.
    """

    def __init__(
        self, request: VideoRequest, problems: Sequence[Problem], estimate: Estimate, who: str, over: str
    ) -> None:
        self.request = request
        self.problems = tuple(problems)
        self.estimate = estimate
        found = [str(problem) for problem in problems] + ([f"error: max_cost: {over}"] if over else [])
        super().__init__(f"{who}: {estimate}", *(found or ["no problems"]), "nothing was sent")


class Asked(NamedTuple):
    """What the line of a cell magic says.

    Args:
        settings: Fields of the request.
        provider: A name or a provider; None for the one in use.
        max_cost: The most it may cost, or None.
        dry_run: Whether nothing shall be sent.
        out: The variable that the job is left in as well, or empty.
    """

    settings: dict[str, Any]
    provider: Any = None
    max_cost: float | None = None
    dry_run: bool = False
    out: str = ""


class Words(NamedTuple):
    """A line, split at the spaces that stand outside quotes and brackets.

    Args:
        done: The words that are followed by a space.
        last: The word that the line ends with, or empty.
        missing: The sign that would close its quote or bracket, or empty.
    """

    done: list[str]
    last: str
    missing: str


def load(shell: InteractiveShell) -> None:
    """Give `shell` the magics and their completion."""
    unload(shell)  # loading twice must not complete twice

    def seedance(line: str, cell: str | None = None) -> Any:
        try:
            return _run_line(line) if cell is None else _run_cell(shell, line, cell)
        except SeedanceError as error:
            raise UsageError(str(error)) from None  # a sentence, no traceback

    seedance.__doc__ = _help_text()

    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        fragment, found = _completions(shell, context)
        return {
            "completions": [SimpleCompletion(text) for text in found],
            "matched_fragment": fragment,
            "ordered": True,
            "suppress": True,  # what Python would say to these words is noise
        }

    # IPython would turn $image into text; here it stays the object that it names.
    no_var_expand(seedance)
    shell.magics_manager.register_function(seedance, magic_kind="line_cell", magic_name=_NAME)
    shell.Completer.custom_matchers.append(context_matcher(priority=100, identifier=_NAME)(matcher))


def unload(shell: InteractiveShell) -> None:
    """Take the magics and their completion away again."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(_NAME, None)
    custom = shell.Completer.custom_matchers
    custom[:] = [one for one in custom if getattr(one, "matcher_identifier", None) != _NAME]


# ------------------------------------------------------------------------------------------------------- the line magic


def _run_line(line: str) -> Any:
    word, *arguments = line.split() or [""]
    if not word:
        return _status()
    if word not in _COMMANDS:
        raise UsageError(_unknown_command(word))
    run, most, usage = _COMMANDS[word]
    if len(arguments) > most:
        raise UsageError(_KEY if word == "provider" else f"too many words; write %seedance {usage}.")
    return run(*arguments)


def _unknown_command(word: str) -> str:
    # A word that is far from all of ours is not repeated: it may be a key that went astray.
    if (match := _PARAMETER.match(word)) and match["name"] in {*_ANNOTATIONS, *_OWN, "prompt"}:
        return f"{match['name']}= belongs to a cell: begin it with %%seedance (two signs) and write the prompt below."
    close = _nearest(word, _COMMANDS)
    return f"%seedance has no such word; {f'did you mean {close}?' if close else f'it takes {_listed(_COMMANDS)}.'}"


def _status() -> Panel:
    try:
        who = _who(choice.resolve())
    except ConfigurationError as error:
        who = f"no provider: {error}"
    ledger = open_ledger()
    live = live_tracks(ledger)
    states = {record.id: record.state for record in ledger.call(ledger.all)}
    states |= {job_id: track.record.state for job_id, track in live.items()}
    unfinished = [job_id for job_id, state in states.items() if state not in ENDED]
    left = len([job_id for job_id in unfinished if job_id not in live])
    words = f"{len(unfinished)} unfinished"
    if left:
        words += f", {left} of them not followed by this kernel: %seedance resume takes up what nobody follows"
    return Panel(
        f"provider: {who}",
        f"videos and ledger: {ledger.folder}",
        f"jobs: {len(states)}, {words}",
        below=list_jobs(_LAST),
    )


def _provider(name: str = "") -> Panel:
    if not name:
        return Panel(f"{_who(choice.resolve())}", f"%seedance provider NAME changes it: {provider_choices()}")
    return Panel(_who(choice.use(_known_provider(name))))


def _known_provider(name: str) -> str:
    if provider_name(name) is not None:
        return name
    close = _nearest(name, _provider_words())
    raise UsageError(
        f"no provider is called so; {f'did you mean {close}?' if close else f'choose one of {provider_choices()}.'}"
    )


def _models(name: str = "") -> Any:
    try:
        return model(name) if name else models()
    except KeyError as error:
        raise UsageError(str(error.args[0])) from None


def _jobs(count: str = "") -> Any:
    if count and not (count.isascii() and count.isdigit()):
        raise UsageError("how many jobs is a whole number; write %seedance jobs 10, or %seedance jobs for all.")
    return list_jobs(int(count) if count else None)


def _job(job_id: str = "") -> Job:
    if not job_id:
        raise UsageError("which job? Write %seedance job ID; %seedance jobs lists them with their ids.")
    try:
        return job(job_id)
    except KeyError as error:
        raise UsageError(str(error.args[0])) from None


def _help() -> Panel:
    return Panel(*_help_text().splitlines())


def _resume() -> Any:
    return resume()


@functools.cache
def _help_text() -> str:
    # The request's own documentation, so that no parameter is described twice; `python -OO` leaves none.
    told = dict(re.findall(r"^ {4}(\w+): (.+)$", inspect.getdoc(VideoRequest) or "", re.MULTILINE))
    parameters = {f"{name}=": told.get(name, "") for name in _ANNOTATIONS} | {f"{name}=": _OWN[name] for name in _OWN}
    width = max(map(len, parameters)) + 2
    return "\n".join(
        [
            "Videos from images and words.",
            "",
            "%seedance                  who makes them, where they are kept, the last jobs",
            "%seedance provider [NAME]  show or choose who makes them",
            "%seedance models [NAME]    all models, or one in full",
            "%seedance jobs [COUNT]     the jobs, the newest first",
            "%seedance job ID           one job, with its card",
            "%seedance resume           take up unfinished jobs; `await _` waits for them",
            "%seedance help             this text",
            "",
            "%%seedance first_frame_url=cat.png duration=5",
            "The cat looks up and yawns.",
            "",
            "starts a video with the cell's text as its prompt, exactly as it stands, and shows its card;",
            "`await _` in the next cell gives the video.",
            "",
            *(f"{name:<{width}}{words}" for name, words in {**parameters, **_SWITCHES}.items()),
            "",
            "$name or {expression} gives the value itself, an image too: first_frame_url=$photo. Within a longer text",
            "it is written in: first_frame_url=shots/{number}.png; $$ and {{ stand for the signs. 'Single quotes' hold",
            'text as it is, "double quotes" take $ and {}. Several images: reference_image_urls=a.png,$b or a list,',
            "reference_image_urls=['a.png', 'b.png'].",
        ]
    )


_COMMANDS: dict[str, tuple[Callable[..., Any], int, str]] = {
    "provider": (_provider, 1, "provider [NAME]"),
    "models": (_models, 1, "models [NAME]"),
    "jobs": (_jobs, 1, "jobs [COUNT]"),
    "job": (_job, 1, "job ID"),
    "resume": (_resume, 0, "resume"),
    "help": (_help, 0, "help"),
}


# ------------------------------------------------------------------------------------------------------- the cell magic


def _run_cell(shell: InteractiveShell, line: str, cell: str) -> Job | DryRun:
    asked = read_line(line, shell.user_ns)
    prompt = cell.strip()
    if not prompt:
        raise UsageError("the cell is empty below %%seedance; write there what happens in the video: it is the prompt.")
    request = VideoRequest(prompt, **asked.settings)
    made = _dry_run(request, asked) if asked.dry_run else _submit(request, asked)
    if asked.out:
        shell.push({asked.out: made})  # type: ignore[no-untyped-call]
    return made


def _submit(request: VideoRequest, asked: Asked) -> Job:
    provider = choice.resolve(asked.provider)
    if asked.max_cost is not None:
        # What is wrong comes first: the price of a request that cannot be sent is no answer.
        if errors := [problem for problem in check(request, provider) if problem.severity == "error"]:
            raise RequestError(errors)
        if over := _over(estimate(request, provider), asked.max_cost):
            raise UsageError(f"{over} Nothing was sent.")
    return submit(request, provider)


def _dry_run(request: VideoRequest, asked: Asked) -> DryRun:
    given = asked.provider
    # A name is enough to check and to reckon: no key is needed, and no simulator starts.
    named = provider_name(given) if isinstance(given, str) else None
    provider = named or choice.resolve(given)
    who = choice.label_of(provider) if isinstance(provider, str) else provider.label
    expected = estimate(request, provider)
    return DryRun(request, check(request, provider), expected, who, _over(expected, asked.max_cost))


def _over(expected: Estimate, most: float | None) -> str:
    """Why the price stops a request, or empty."""
    if most is None or not expected.billed:
        return ""
    if expected.price is None:
        return f"the price is not known beforehand, so max_cost={most:g} cannot be kept; leave max_cost out to send it."
    if expected.price <= most:
        return ""
    about = "at most " if expected.upper_bound else "about "
    price, limit = money(expected.price, expected.currency), money(most, expected.currency)
    return f"it would cost {about}{price}, more than max_cost, {limit}; allow more or ask for less."


def read_line(line: str, names: Mapping[str, Any]) -> Asked:
    """What the line of a cell magic says.

    Args:
        line: Everything after `%%seedance`.
        names: Where `$name` and `{expression}` are looked up.

    Raises:
        UsageError: What cannot be understood, in one sentence.
    """
    split = split_words(line)
    if split.missing:
        raise UsageError(f"a {split.missing} is missing: a quote or bracket of the line is not closed.")
    words = iter([*split.done, *([split.last] if split.last else [])])
    values: dict[str, Any] = {}
    for number, word in enumerate(words, start=1):
        name, raw = _parameter(word, number, words)
        if name in values:
            raise UsageError(f"{name} stands twice in the line; leave one of them out.")
        values[name] = read_value(name, raw, names) if name not in _SWITCHES else raw
    made = Asked(
        {name: value for name, value in values.items() if name in _ANNOTATIONS},
        values.get("provider"),
        values.get("max_cost"),
        "--dry-run" in values,
        values.get("--out", ""),
    )
    if isinstance(made.provider, str):
        _known_provider(made.provider)
    if "max_cost" in values and not _is_amount(made.max_cost):
        raise UsageError("max_cost is no amount of money; write a number, such as max_cost=0.5.")
    if "--out" in values and (not made.out.isidentifier() or keyword.iskeyword(made.out)):
        raise UsageError("--out takes the name of a variable; write --out job.")
    return made


def _parameter(word: str, number: int, rest: Iterator[str]) -> tuple[str, str]:
    """The parameter that a word gives, and its value as it is written."""
    if word in {_CHECK, "--dry-run"}:
        return "--dry-run", ""
    if word == "--out":
        return word, next(rest, "")
    match = _PARAMETER.fullmatch(word)
    name = match["name"] if match else word
    if match and (name in _ANNOTATIONS or name in _OWN or name == "--out"):
        if not match["value"]:
            raise UsageError(f"{name}= has no value; write it without spaces around the equals sign.")
        return name, match["value"]
    raise UsageError(_unknown_word(name, number, bare=match is None))


def _unknown_word(name: str, number: int, *, bare: bool) -> str:
    # As for the line magic: what is far from all our names is not repeated, for it may be a key.
    if name == "prompt":
        return "the prompt is the text of the cell: write it below the %%seedance line and take prompt= out."
    if bare and (name in _ANNOTATIONS or name in _OWN):
        return f"{name} has no value; write {name}=value, without spaces around the equals sign."
    if bare and name in _COMMANDS:
        return f"{name} is a word of the line magic: write %seedance {name} (one sign) in a cell of its own."
    close = _nearest(name, [*_SWITCHES] if name.startswith("-") else [*_ANNOTATIONS, *_OWN])
    if close:
        return f"%%seedance has no parameter {name}; did you mean {close}?"
    if _LOOKS_SECRET.search(name):
        return _KEY
    known = _listed([*_ANNOTATIONS, *_OWN, *_SWITCHES])
    return f"word {number} of the line is no parameter; write name=value, such as duration=5. It takes {known}."


def _is_amount(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def split_words(line: str) -> Words:
    """Split a line at its spaces; a backslash is a sign like any other, for it stands in Windows' paths."""
    done: list[str] = []
    word, quote, closing = "", "", ""
    for sign in line:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in {"'", '"'}:
            quote = sign
        elif closing and sign == closing[-1]:
            closing = closing[:-1]
        elif sign == "{" or (sign in _OPENING and (closing or word.endswith("="))):
            closing += _OPENING[sign]  # a bracket within a file's name opens nothing
        elif sign.isspace() and not closing:
            done += [word] if word else []
            word = ""
            continue
        word += sign
    return Words(done, word, quote or closing[-1:])


def read_value(name: str, raw: str, names: Mapping[str, Any]) -> Any:
    """The value of a parameter from how it is written.

    Args:
        name: The parameter.
        raw: What stands after the equals sign.
        names: Where `$name` and `{expression}` are looked up.

    Raises:
        UsageError: What cannot be understood, in one sentence.
    """
    if raw[0] in "[(":
        try:
            return ast.literal_eval(raw)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            raise UsageError(
                f"the list of {name} cannot be read; write ['a.png', 'b.png'] with quotes, or {{[a, b]}} for variables."
            ) from None
    if name == _REFERENCES:
        return _references(raw, names)
    value = _resolved(name, raw, names)
    annotation = _ANNOTATIONS.get(name, "float | None")
    if not isinstance(value, str) or set(raw) & set("'\"${"):
        return value  # quotes and variables say what is meant
    if value.lower() == "none":
        return None
    if name in IMAGE_FIELDS or name == "provider" or annotation.startswith("str"):
        return value
    try:
        return ast.literal_eval(value.capitalize() if value.lower() in {"true", "false"} else value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return value  # `check` says what it should be


def _references(raw: str, names: Mapping[str, Any]) -> tuple[Any, ...]:
    """Images between commas; a variable may hold several."""
    found: list[Any] = []
    for piece in _between_commas(raw):
        value = _resolved(_REFERENCES, piece, names)
        if isinstance(value, (list, tuple)):
            found += value
        elif value is not None and piece.lower() != "none":
            found.append(value)
    return tuple(found)


def _between_commas(raw: str) -> list[str]:
    # As `split_words` does it, with the comma for the space.
    pieces, piece, quote, depth = [], "", "", 0
    for sign in raw + ",":
        if quote:
            quote = "" if sign == quote else quote
        elif sign in {"'", '"'}:
            quote = sign
        elif sign in "{}":
            depth += 1 if sign == "{" else -1
        elif sign == "," and not depth and not re.fullmatch(r"data:[^,]*", piece):  # data:image/png;base64,...
            pieces.append(piece)
            piece = ""
            continue
        piece += sign
    return [one for one in (*pieces, piece.removesuffix(",")) if one]


def _resolved(name: str, raw: str, names: Mapping[str, Any]) -> Any:
    """The object that `$name` or `{expression}` stands for, else the text with such parts written in."""
    if raw.startswith("{") and raw.endswith("}") and not raw.startswith("{{") and _is_expression(raw[1:-1]):
        return _evaluated(name, raw[1:-1], names)
    if match := _DOTTED.fullmatch(raw):
        root, _, rest = match[1].partition(".")
        value = _looked_up(name, root, names)
        if not rest or not isinstance(value, str) or hasattr(value, rest.split(".", maxsplit=1)[0]):
            return _evaluated(name, match[1], names)

    def insert(match: re.Match[str]) -> str:
        if match["twice"]:
            return match["twice"][0]
        if match["name"]:
            return str(_looked_up(name, match["name"], names))
        return str(_evaluated(name, match["expression"], names))

    return "".join(
        piece["exact"] if piece["exact"] is not None else _INSERT.sub(insert, piece["quoted"] or piece["bare"] or "")
        for piece in _PIECE.finditer(raw)
    )


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _looked_up(name: str, variable: str, names: Mapping[str, Any]) -> Any:
    if variable in names:
        return names[variable]
    close = _nearest(variable, [one for one in names if not one.startswith("_")])
    hint = f"did you mean ${close}?" if close else "set it in a cell before, or write $$ for a dollar sign."
    raise UsageError(f"{name}: there is no variable ${variable}; {hint}")


def _evaluated(name: str, expression: str, names: Mapping[str, Any]) -> Any:
    try:
        # A person's own expression in a person's own notebook, as IPython does it for every magic.
        return eval(expression.strip(), dict(names))  # noqa: S307
    except Exception as error:  # noqa: BLE001  whatever it raises ends as a sentence
        raise UsageError(f"{name}: {{{expression}}} raised {type(error).__name__}: {error}") from None


# ----------------------------------------------------------------------------------------------------------- completion


def _completions(shell: InteractiveShell, context: CompletionContext) -> tuple[str, list[str]]:
    """What is replaced by a completion, and what by."""
    match = re.match(rf"\s*(%%?){_NAME}\s+(.*)", context.text_until_cursor, re.DOTALL)
    if match is None or (match[1] == "%%" and context.full_text.split("\n")[: context.cursor_line] not in ([], [""])):
        return "", []  # the lines below are prose
    if match[1] == "%":
        *done, last = re.split(r"\s+", match[2])
        return last, _starting(last, _line_words(done))
    words = split_words(match[2])
    if words.done[-1:] == ["--out"]:
        return "", []
    given = {found["name"]: found["value"].strip("'\"") for found in map(_PARAMETER.fullmatch, words.done) if found}
    written = _PARAMETER.fullmatch(words.last)
    if written is None:
        offered = [f"{name}=" for name in _parameters(given)] + [one for one in _SWITCHES if one not in words.done]
        return words.last, _starting(words.last, [*offered, _CHECK])
    return _values(shell, written["name"], written["value"], given)


def _line_words(done: list[str]) -> Iterable[str]:
    match done:
        case []:
            return _COMMANDS
        case ["provider"]:
            return _provider_words()
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
    names = [name for name in (*_ANNOTATIONS, *_OWN) if name not in given]
    if asked is None:
        return names
    takes = {
        "first_frame_url": "first_frame" in asked.modes,
        "last_frame_url": "first_last_frame" in asked.modes,
        _REFERENCES: asked.references > 0,
        "frames": asked.frames,
        "generate_audio": asked.audio,
        "seed": asked.seed,
        "camera_fixed": bool(asked.camera_fixed),
    }
    return [name for name in names if takes.get(name, True)]


def _values(shell: InteractiveShell, name: str, raw: str, given: Mapping[str, str]) -> tuple[str, list[str]]:
    if variable := re.search(r"\$(\w*)$", raw):
        return variable[0], [f"${one}" for one in _variables(shell, variable[1])]
    if name in IMAGE_FIELDS:
        piece = re.split(r"[,\[(]\s*", raw)[-1] if name == _REFERENCES else raw
        return piece, _files(piece, quoted=raw[:1] in {"[", "("})
    if name == "model":
        return raw, _starting(raw, _model_words(raw))
    offered = _provider_words() if name == "provider" else _settings(name, given)
    return raw, _starting(raw, offered)


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
        case _ if _ANNOTATIONS.get(name) == "bool":
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


def _provider_words() -> list[str]:
    known = catalogue().providers
    aliases = [alias for facts in known.values() for alias in facts.aliases]
    return [*dict.fromkeys(["simulator", *aliases, *known])]


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


# ------------------------------------------------------------------------------------------------------------ sentences


def _who(provider: Provider) -> str:
    return f"{provider.label}, {'billed' if provider.billed else 'not billed'}, at {provider.base_url}"


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return close[0] if close else ""


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
