"""Reading the line of a cell magic: words, values, variables."""

from __future__ import annotations

import ast
import keyword
import math
import numbers
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.error import UsageError

from seedance_widgets.magics.commands import COMMANDS, known_provider
from seedance_widgets.magics.vocabulary import (
    ANNOTATIONS,
    CHECK,
    KEY,
    OWN,
    PARAMETER,
    REFERENCES,
    SWITCHES,
    listed,
    nearest,
)
from seedance_widgets.request.intake import kind_of
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.request.plain import printable
from seedance_widgets.secrecy import looks_like_key, names_a_key, without_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IPYTHON = frozenset({"In", "Out"})  # the rest of what it puts among the variables is callable, or begins with a _
_OPENING = {"(": ")", "[": "]", "{": "}"}
_IDENTIFIER = r"[^\W\d]\w*"
_DOTTED = re.compile(rf"\$({_IDENTIFIER}(?:\.{_IDENTIFIER})*)")
_INSERT = re.compile(rf"(?P<twice>\$\$|\{{\{{|\}}\}})|\{{(?P<expression>[^{{}}]+)\}}|\$(?P<name>{_IDENTIFIER})")
_PIECE = re.compile(r"'(?P<exact>[^']*)'|\"(?P<quoted>[^\"]*)\"|(?P<bare>(?:\{[^{}]*\}|[^'\"])+)")


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
        values[name] = read_value(name, raw, names) if name not in SWITCHES else raw
    made = Asked(
        {name: value for name, value in values.items() if name in ANNOTATIONS},
        values.get("provider"),
        values.get("max_cost"),
        "--dry-run" in values,
        values.get("--out", ""),
    )
    if isinstance(made.provider, str):
        known_provider(made.provider)
    if "max_cost" in values and (cap := _amount(made.max_cost)) is None:
        raise UsageError("max_cost is no amount of money; write a number, such as max_cost=0.5.")
    if "max_cost" in values:
        made = made._replace(max_cost=cap)
    if "--out" in values and (not made.out.isidentifier() or keyword.iskeyword(made.out)):
        raise UsageError("--out takes the name of a variable; write --out job.")
    return made


def _parameter(word: str, number: int, rest: Iterator[str]) -> tuple[str, str]:
    """The parameter that a word gives, and its value as it is written."""
    if word in {CHECK, "--dry-run"}:
        return "--dry-run", ""
    if word == "--out":
        return word, next(rest, "")
    match = PARAMETER.fullmatch(word)
    name = match["name"] if match else word
    if match and (name in ANNOTATIONS or name in OWN or name == "--out"):
        if not match["value"]:
            raise UsageError(f"{name}= has no value; write it without spaces around the equals sign.")
        return name, match["value"]
    raise UsageError(_unknown_word(name, number, bare=match is None))


def _unknown_word(name: str, number: int, *, bare: bool) -> str:
    # As for the line magic: what is far from all our names is not repeated, for it may be a key.
    if name == "prompt":
        return "the prompt is the text of the cell: write it below the %%seedance line and take prompt= out."
    if bare and (name in ANNOTATIONS or name in OWN):
        return f"{name} has no value; write {name}=value, without spaces around the equals sign."
    if bare and name in COMMANDS:
        return f"{name} is a word of the line magic: write %seedance {name} (one sign) in a cell of its own."
    close = nearest(name, [*SWITCHES] if name.startswith("-") else [*ANNOTATIONS, *OWN])
    if close:
        return f"%%seedance has no parameter {name}; did you mean {close}?"
    if names_a_key(name) or looks_like_key(name):
        return KEY
    known = listed([*ANNOTATIONS, *OWN, *SWITCHES])
    return f"word {number} of the line is no parameter; write name=value, such as duration=5. It takes {known}."


def _amount(value: Any) -> float | None:
    """An amount of money, also one of numpy's numbers; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        amount = float(value)
    except OverflowError:  # a whole number with hundreds of digits
        return None
    return amount if math.isfinite(amount) and amount >= 0 else None


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
    if name == REFERENCES:
        return _references(raw, names)
    value = _resolved(name, raw, names)
    annotation = ANNOTATIONS.get(name, "float | None")
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
        value = _resolved(REFERENCES, piece, names)
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
            value = _looked_up(name, match["name"], names)
        else:
            value = _evaluated(name, match["expression"], names)
        try:
            return str(value)
        except Exception as error:  # noqa: BLE001  a foreign object may raise anything
            raise UsageError(f"{name}: {kind_of(value)} cannot be written in: {_told(error)}") from None

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
    if looks_like_key(variable):
        raise UsageError(KEY)
    close = nearest(variable, _own_variables(names))
    hint = f"did you mean ${close}?" if close else "set it in a cell before, or write $$ for a dollar sign."
    raise UsageError(f"{name}: there is no variable ${variable}; {hint}")


def _own_variables(names: Mapping[str, Any]) -> list[str]:
    """What a person has set and may mean as a value: neither modules nor functions nor what IPython puts there."""
    return [
        name
        for name, value in names.items()
        if not name.startswith("_")
        and name not in _IPYTHON
        and not isinstance(value, ModuleType)
        and not callable(value)
    ]


def _evaluated(name: str, expression: str, names: Mapping[str, Any]) -> Any:
    try:
        # A person's own expression in a person's own notebook, as IPython does it for every magic.
        return eval(expression.strip(), dict(names))  # noqa: S307
    except Exception as error:  # noqa: BLE001  whatever it raises ends as a sentence
        # The expression itself is not repeated: a key may stand in it.
        raise UsageError(f"{name}: the expression in braces raised {_told(error)}") from None


def _told(error: Exception) -> str:
    try:
        return printable(without_keys(f"{type(error).__name__}: {error}"))
    except Exception:  # noqa: BLE001  its own `__str__` may raise
        return type(error).__name__
