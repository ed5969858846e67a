"""Axes: which fields of a request are varied over which values, and which cells that makes."""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sized
from dataclasses import dataclass, fields, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from seedance_widgets.catalog import find_model
from seedance_widgets.errors import SweepError
from seedance_widgets.request import Image, VideoRequest
from seedance_widgets.request.images import is_url
from seedance_widgets.request.intake import kind_of
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.request.plain import is_whole, printable, said_by, tame
from seedance_widgets.request.plain import shown as shown_value
from seedance_widgets.sweep.columns import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Mode = Literal["product", "zip"]
Exclude = Mapping[str, Any] | Iterable[Mapping[str, Any]] | Callable[[dict[str, Any]], Any] | None

MODES: tuple[Mode, ...] = ("product", "zip")
MOST_CELLS = 10_000
REPEAT = "repeat"
RANDOM = -1  # the seed that asks the provider for one of its own
FIELDS = tuple(field.name for field in fields(VideoRequest))
_LONGEST_LABEL = 40
_MOST_BITS = 4096  # Python refuses to write out much larger numbers
_BARE = re.compile(r"[\d.+-]+(e[+-]?\d+)?|on|off|none")
_OTHER_LENGTH = {"duration": "frames", "frames": "duration"}


@dataclass(frozen=True)
class Axis:
    """One thing that is varied.

    Args:
        name: A field of `VideoRequest`, a `{placeholder}` of its prompt, or `repeat`.
        values: What it takes, in order.
        labels: The same as short texts.
        title: What stands over it: the name, or `repeat` for seeds of a model that takes none.
        note: Why it is not what was asked for, or empty.
    """

    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    title: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        # They are written to a terminal, which obeys the signs of control that a text may hold.
        object.__setattr__(self, "labels", tuple(map(printable, self.labels)))

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Axis({self.name}: {', '.join(self.labels)})"

    def titled(self, index: int) -> str:
        """A value as a header: with the axis where it says nothing by itself, as in `seed 11`, else alone: `480p`."""
        label = self.labels[index]
        return f"{self.title} {label}" if _BARE.fullmatch(label) else label

    def index_of(self, value: Any) -> list[int]:
        """Where this value, or the value with this label, stands on the axis."""
        wanted = [_on_axis(self.name, _plain(one)) for one in _alike(value)]
        found = [i for i, one in enumerate(self.values) if any(_same(one, other) for other in wanted)]
        label = printable(value) if isinstance(value, str) else None
        return found or [i for i, one in enumerate(self.labels) if one == label]

    def lacks(self, value: Any) -> str:
        """What to say where a value is asked for that stands nowhere on the axis."""
        return f"{shown_value(tame(value))} is not on the axis {self.name}; it takes {', '.join(self.labels[:20])}."


def read_axes(base: VideoRequest, axes: Mapping[str, Any] | None, *, mode: str, repeats: Any) -> tuple[Axis, ...]:
    """The axes as given, each one checked.

    Raises:
        SweepError: A name that is no field and no placeholder, an axis that is empty or no list, lengths that differ
            in a zip, or more than 10,000 cells; nothing was built.
    """
    if mode not in MODES:
        raise SweepError(
            f"mode must be 'product' (every value with every other) or 'zip' (side by side); {mode!r} is not."
        )
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        raise SweepError(f"repeats must be a whole number from 1 on; {repeats!r} is not.")
    if axes is None:
        axes = {}
    if not isinstance(axes, Mapping):
        raise SweepError(
            f"axes must be a dict of fields and their values, such as {{'seed': range(3)}}, not {type(axes).__name__}."
        )
    _check_names(base, axes)
    given = {name: _listed(name, values) for name, values in axes.items()}
    lengths = {name: len(values) for name, (values, _) in given.items()}
    if mode == "zip" and len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length:,}" for name, length in lengths.items())
        raise SweepError(f"axes side by side (mode='zip') must be equally long: {told}.")
    count = (max(lengths.values(), default=1) if mode == "zip" else math.prod(lengths.values())) * repeats
    if count > MOST_CELLS:
        told = " x ".join(f"{length:,} {name}" for name, length in lengths.items())
        told += f" x {repeats:,} repeats" if repeats > 1 else ""
        raise SweepError(
            f"that makes {count:,} cells ({told}); a sweep takes at most {MOST_CELLS:,}. Nothing was built or sent: "
            "take fewer values, or several sweeps."
        )
    made = [_axis(name, tuple(values), labels) for name, (values, labels) in given.items()]
    models = given["model"][0] if "model" in given else [base.model]
    made = [_told_of_seeds(axis, models, base) if axis.name == "seed" else axis for axis in made]
    if repeats > 1:
        numbers = tuple(range(1, repeats + 1))
        made.append(Axis(REPEAT, numbers, tuple(map(str, numbers)), REPEAT))
    return tuple(made)


def coordinates(axes: Sequence[Axis], mode: str) -> Iterator[tuple[int, ...]]:
    """Where the cells lie: one index per axis, the last axis the quickest."""
    if mode == "product" or not axes:
        yield from itertools.product(*(range(len(axis)) for axis in axes))
        return
    repeated = axes[-1].name == REPEAT
    side_by_side = axes[:-1] if repeated else axes
    for i in range(len(side_by_side[0]) if side_by_side else 1):
        for repeat in range(len(axes[-1]) if repeated else 1):
            yield (*(i for _ in side_by_side), *((repeat,) if repeated else ()))


def request_at(base: VideoRequest, values: Mapping[str, Any]) -> VideoRequest:
    """The request of the cell with these values of the axes."""
    changes = {name: value for name, value in values.items() if name in FIELDS}
    for name, other in _OTHER_LENGTH.items():
        # The provider lets frames win over duration: a length that is varied must not be overruled by the base.
        if changes.get(name) is not None and other not in changes:
            changes[other] = None
    prompt = changes.get("prompt", base.prompt)
    if isinstance(prompt, str):
        changes["prompt"] = _filled(prompt, values)
    request = base.replace(**changes)
    if "seed" in values and not takes_seed(request):
        request = request.replace(seed=RANDOM)
    return request


def takes_seed(request: VideoRequest) -> bool:
    """Whether the model takes a seed; one that is not known might."""
    model = find_model(request.model)
    return model is None or model.seed


def excluder(axes: Sequence[Axis], exclude: Any) -> Callable[[tuple[int, ...]], bool]:
    """What tells by its place whether a cell is left out, from a function of its values or from what to leave out.

    Raises:
        SweepError: It names something that is no axis, or is on none, or it is neither of the two.
    """
    if exclude is None:
        return lambda _: False
    if callable(exclude):
        return lambda place: _is_left_out(exclude, values_at(axes, place))
    rows = [exclude] if isinstance(exclude, Mapping) else exclude
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise SweepError(
            "exclude must be a function of a cell's values, a dict or a list of dicts; "
            f"{shown_value(tame(exclude))} is not."
        )
    try:
        rows = list(rows)
    except Exception as error:  # a foreign iterator may raise anything
        raise SweepError(f"exclude could not be gone through: {said_by(error)}.") from error
    names = [axis.name for axis in axes]
    for row in rows:
        if not isinstance(row, Mapping):
            raise SweepError(f"exclude holds {row!r}, where a dict such as {{'seed': 3}} belongs.")
        for name in row:
            if name not in names:
                raise SweepError(f"exclude names {name!r}, which is no axis here; {_nearest(name, names)}")
    found = [
        [(number, _left_out_on(axis, row[axis.name])) for number, axis in enumerate(axes) if axis.name in row]
        for row in rows
    ]
    return lambda place: any(all(place[number] in at for number, at in row) for row in found)


def _is_left_out(exclude: Callable[[dict[str, Any]], Any], values: dict[str, Any]) -> bool:
    try:
        return bool(exclude(values))
    except Exception as error:  # a person's function may raise anything
        raise SweepError(
            f"exclude raised {said_by(error)}. It is called with the values of a cell, a dict with the keys "
            f"{', '.join(values)}, and returns whether the cell is left out."
        ) from error


def values_at(axes: Sequence[Axis], place: Sequence[int]) -> dict[str, Any]:
    """What a cell takes on each axis."""
    return {axis.name: axis.values[i] for axis, i in zip(axes, place, strict=True)}


def short(value: Any, number: int) -> str:
    """A value as a header: at most 40 characters on one line; an image by its name, or by its number."""
    if isinstance(value, Image):
        return value.name or f"image {number}"
    if isinstance(value, (list, tuple)):
        return " + ".join(short(one, i) for i, one in enumerate(value, 1)) or "none"
    if isinstance(value, PurePath):
        return value.name
    if isinstance(value, str):
        return _cut(" ".join(_named(value).split()) or "empty")
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else shown_value(value)
    return f"{type(value).__name__} {number}"


def _axis(name: str, values: tuple[Any, ...], labels: Any) -> Axis:
    values = tuple(_on_axis(name, value) for value in values)
    shown = map(pathlike, values) if name in IMAGE_FIELDS else values
    labels = tuple(labels) if labels is not None else tuple(short(value, i) for i, value in enumerate(shown, 1))
    return Axis(name, values, labels, name)


def _on_axis(name: str, value: Any) -> Any:
    """A value as the axis with this name holds it."""
    if name in IMAGE_FIELDS:
        return getattr(VideoRequest("", **{name: value}), name)
    if name in FIELDS or _is_plain(value):
        return value
    return _written(name, value)  # what stands in the prompt in the end, and is the same after a restart


def _alike(value: Any) -> list[Any]:
    """What a value that is looked for may have been given as: a list as a tuple too, and the other way round."""
    if isinstance(value, list):
        return [value, tuple(value)]
    return [value, list(value)] if isinstance(value, tuple) else [value]


def _told_of_seeds(axis: Axis, models: Sequence[Any], base: VideoRequest) -> Axis:
    """The seeds of a sweep over these models: with a note where some take none, and as repeats where all do so."""
    seedless = [model for model in models if not takes_seed(base.replace(model=model))]
    if not seedless:
        return axis
    if len(models) == 1:
        note = (
            f"{seedless[0]} takes no seed: the provider draws one for each video, so that these are "
            f"{len(axis)} repeats, none of which can be made again."
        )
    else:
        note = (
            f"No seed is taken by {', '.join(dict.fromkeys(seedless))}: the provider draws one for each of their "
            "videos, so that the seeds there are repeats, none of which can be made again."
        )
    if len(seedless) < len(models):
        return replace(axis, note=note)
    return replace(axis, labels=tuple(str(i) for i in range(1, len(axis) + 1)), title=REPEAT, note=note)


def _written(name: str, value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # a foreign object may raise anything
        raise SweepError(
            f"axis {name!r} holds {kind_of(value)} that cannot be written into the prompt: {said_by(error)}."
        ) from error


def placeholders(base: VideoRequest, axes: Mapping[str, Any]) -> list[str]:
    """The names in braces in the base's prompt, and in the prompts of an axis."""
    given = axes.get("prompt")
    if isinstance(given, Mapping):
        given = list(given.values())
    prompts = [base.prompt, *(given if _is_listed(given) else ())]
    return sorted({name for one in prompts for name in unfilled_in(one)})


def unfilled_in(prompt: Any) -> list[str]:
    """The names in braces in a prompt."""
    return re.findall(r"\{(\w+)\}", prompt) if isinstance(prompt, str) else []


def split_options(base: VideoRequest, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keywords that are axes, and the others."""
    names = {*FIELDS, *placeholders(base, given)}
    axes = {name: values for name, values in given.items() if name in names}
    return axes, {name: value for name, value in given.items() if name not in names}


def _check_names(base: VideoRequest, axes: Mapping[str, Any]) -> None:
    inside = placeholders(base, axes)
    for name in axes:
        if name == REPEAT:
            raise SweepError("repeats are asked for by Sweep(..., repeats=3), not by an axis.")
        if name not in FIELDS and name not in inside:
            told = _nearest(name, [*inside, *FIELDS])
            if unfilled_in(f"{{{name}}}"):
                told = f"{told} To be filled in, {{{name}}} must stand in the prompt."
            raise SweepError(f"axis {name!r} is no field of a request and no {{placeholder}} of the prompt; {told}")
        if name not in FIELDS and name in TABLE:
            raise SweepError(
                f"axis {name!r} would hide the column {name} of the table; call the placeholder otherwise."
            )


def _is_listed(values: Any) -> TypeGuard[Iterable[Any]]:
    return isinstance(values, (list, tuple, set, frozenset))


def _listed(name: str, values: Any) -> tuple[list[Any], tuple[str, ...] | None]:
    """The values of an axis, and their labels where they were given as {label: value}; never more than can be used."""
    if isinstance(values, Mapping):
        listed, labels = list(values.values()), tuple(_cut(str(label)) for label in values)
    elif (
        isinstance(values, (str, bytes, PurePath, Image))
        or getattr(values, "ndim", 1) > 1
        or not isinstance(values, Iterable)
    ):
        shown = (
            repr(values) if isinstance(values, (str, int, float, bool, type(None))) else f"one {type(values).__name__}"
        )
        raise SweepError(f"axis {name!r} is {_cut(shown)}; its values belong into a list, such as [{_cut(shown)}].")
    else:
        labels = None
        try:
            if isinstance(values, (set, frozenset)) and len(values) <= MOST_CELLS:
                values = sorted(values, key=repr)  # an order that is the same after a restart
            listed = list(itertools.islice(values, MOST_CELLS + 1))
        except Exception as error:  # a foreign iterator may raise anything
            raise SweepError(f"axis {name!r} could not be gone through: {said_by(error)}.") from error
        if len(listed) > MOST_CELLS:
            told = _count(values)
            raise SweepError(
                f"axis {name!r} has {told} values, and a sweep takes at most {MOST_CELLS:,} cells. Nothing was built "
                "or sent: take fewer values, or several sweeps."
            )
    if not listed:
        raise SweepError(f"axis {name!r} is empty; give at least one value, or leave the axis out.")
    listed = [_plain(value) for value in listed]
    if any(is_whole(value) and value.bit_length() > _MOST_BITS for value in listed):
        raise SweepError(f"axis {name!r} holds a number of more than a thousand digits, which nothing takes.")
    return listed, labels


def _count(values: Any) -> str:
    try:
        return f"{len(values):,}" if isinstance(values, Sized) else f"more than {MOST_CELLS:,}"
    except OverflowError:  # range(10**20)
        return f"more than {MOST_CELLS:,}"


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, bool, int, float))


def _plain(value: Any) -> Any:
    """A number of numpy or pandas as Python's own."""
    try:
        item = getattr(value, "item", None)
        return item() if callable(item) and getattr(value, "ndim", None) == 0 else value
    except Exception:  # noqa: BLE001  a foreign object that only looks like a number
        return value


def _filled(prompt: str, values: Mapping[str, Any]) -> str:
    """The prompt with its placeholders filled in, all at once: what is filled in is never looked through again."""
    names = [name for name in values if name != "prompt"]
    if not names:
        return prompt
    pattern = re.compile("|".join(re.escape(f"{{{name}}}") for name in names))
    return pattern.sub(lambda found: str(values[found[0][1:-1]]), prompt)


def _left_out_on(axis: Axis, wanted: Any) -> set[int]:
    """Where the value that is left out stands on the axis; or each of them, where it is a list of several.

    Raises:
        SweepError: It stands nowhere: the cell that was meant would be made, and paid for.
    """
    if found := axis.index_of(wanted):
        return set(found)
    if _is_listed(wanted) or getattr(wanted, "ndim", 0) == 1:  # or one of numpy or pandas
        return {i for one in wanted for i in _left_out_on(axis, one)}
    if isinstance(wanted, range):  # 5 to a million, of which an axis has some
        some = {i for i, one in enumerate(axis.values) if is_whole(one) and one in wanted}
        if some or not wanted:
            return some
        wanted = wanted[0]
    raise SweepError(f"exclude names a value that no cell has: {axis.lacks(wanted)}")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001  a foreign object that cannot be compared is not the same
        return False


def _nearest(name: Any, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"there is {', '.join(known) or 'none'}."


def pathlike(image: Any) -> Any:
    """An image's path as a path, which `short` shows by its name."""
    if isinstance(image, tuple):
        return tuple(map(pathlike, image))
    return PurePath(image) if isinstance(image, str) and not is_url(image) else image


def _named(value: str) -> str:
    """An image's address by its last part; any other text as it is."""
    if is_url(value):
        address = value.split("?", maxsplit=1)[0].rstrip("/")
        return "data: image" if value.startswith("data:") else address.rpartition("/")[2]
    return value


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
