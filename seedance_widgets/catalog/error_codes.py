"""Read the error catalogue: what a provider's error code means, what to do, and whether to ask again."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.errors import Advice

if TYPE_CHECKING:
    from collections.abc import Iterable

Wire = Literal["ark", "acedata", "own"]
WIRES: tuple[Wire, ...] = ("ark", "acedata", "own")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One row of the error catalogue.

    Args:
        wire: Whose code it is; `own` for this package's situations, which no provider has a code for.
        code: The provider's code; rows for a whole HTTP status have none.
        status: HTTP status (`404`) or class of statuses (`5xx`) with which it was documented; empty for none.
        error: Name of the class in `errors.py`.
        advice: What it means and what to do.
        when_message_has: Lower-case words, one of which the message must hold; empty for any message.
        example: What the provider's message says, as documented.
    """

    wire: Wire
    code: str
    status: str
    error: str
    advice: Advice
    when_message_has: tuple[str, ...] = ()
    example: str = ""

    def _fits(self, message: str) -> bool:
        return not self.when_message_has or any(word in message for word in self.when_message_has)


def advice(wire: str, code: str, status: int | None = None, message: str = "") -> tuple[str, Advice]:
    """What the catalogue knows of an error.

    The exact code counts first, then its longest dotted beginning (`InvalidParameter.ratio` is an `InvalidParameter`),
    then the HTTP status, then the general entry. Where a code has several readings, status and message decide.

    Args:
        wire: `ark`, `acedata` (which passes some of Ark's codes through), or `own`.
        code: The provider's code; empty where it gave none.
        status: HTTP status; None where the error did not come as an HTTP answer.
        message: The provider's message.

    Returns:
        The name of the class in `errors.py`, and the advice.
    """
    row = _find(wire, code, status, message.lower())
    return row.error, row.advice


def all_codes() -> tuple[CodeRow, ...]:
    """Every row of the catalogue, for a table."""
    raw = tomllib.loads(files(__package__).joinpath("errors.toml").read_text("utf-8"))
    return tuple(_row(wire, table) for wire in WIRES for table in raw[wire])


def _find(wire: str, code: str, status: int | None, message: str) -> CodeRow:
    by_code, by_status = _index()
    wires = {"acedata": ("acedata", "ark")}.get(wire, (wire,))
    for name in _beginnings(code):
        for one in wires:
            if row := _first(_of_status(by_code.get((one, name), []), status), message):
                return row
    for shown in (str(status), f"{status // 100}xx") if status is not None else ():
        for one in (*wires, "own"):
            if row := _first(by_status.get((one, shown), ()), message):
                return row
    return by_code["own", "Unknown"][0]


def _beginnings(code: str) -> Iterable[str]:
    while code:
        yield code
        code = code.rpartition(".")[0]


def _of_status(rows: list[CodeRow], status: int | None) -> list[CodeRow]:
    """The rows that were documented with this status, where there are such, else all."""
    return [row for row in rows if row.status == str(status)] or rows


def _first(rows: Iterable[CodeRow], message: str) -> CodeRow | None:
    return next((row for row in rows if row._fits(message)), None)  # noqa: SLF001  same module


@cache
def _index() -> tuple[dict[tuple[str, str], list[CodeRow]], dict[tuple[str, str], list[CodeRow]]]:
    by_code: dict[tuple[str, str], list[CodeRow]] = {}
    by_status: dict[tuple[str, str], list[CodeRow]] = {}
    for row in all_codes():
        index, key = (by_code, row.code) if row.code else (by_status, row.status)
        index.setdefault((row.wire, key), []).append(row)
    return by_code, by_status


def _row(wire: Wire, table: dict[str, Any]) -> CodeRow:
    return CodeRow(
        wire=wire,
        code=table.get("code", ""),
        status=str(table.get("status", "")),
        error=table["error"],
        advice=Advice(
            meaning=table["meaning"],
            cause=table["cause"],
            next_step=table["next_step"],
            billed=table.get("billed"),
            repeat=table["repeat"],
        ),
        when_message_has=tuple(table.get("when_message_has", ())),
        example=table.get("example", ""),
    )
