"""Show the catalogue: all models side by side, and one model in full, in a notebook and in a terminal."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from seedance_widgets.catalog.models import catalogue, rules, today
from seedance_widgets.catalog.names import model
from seedance_widgets.markup import text_only

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seedance_widgets.catalog.models import Model, Span

__all__ = ["ModelTable", "model", "model_html", "model_text", "models"]

_MODES: dict[str, str] = {
    "text": "text",
    "first_frame": "first",
    "first_last_frame": "first+last",
    "references": "references",
}
_CURRENCY = "USD"  # of BytePlus's list
_WIDTH = 120  # columns of a terminal

# Colours come from the notebook's theme, with ones that read on light and dark where there is none.
_STYLE = (
    "<style>"
    ".sw-table{color:var(--jp-ui-font-color1,currentColor);font-size:13px;font-variant-numeric:tabular-nums}"
    ".sw-table th,.sw-table td{border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.45))}"
    ".sw-table .sw-off{color:var(--jp-error-color1,#c62828);font-weight:600}"
    "@media (prefers-color-scheme:dark){.sw-table .sw-off{color:var(--jp-error-color1,#ff8a80)}}"
    "</style>"
)
# On the elements themselves: JupyterLab's own rules for tables outweigh those of a class.
_TABLE = "border-collapse:collapse;table-layout:auto;margin:0"
_CAPTION = "text-align:left;padding:4px 10px;color:inherit;caption-side:top"
_CELL = "text-align:left;vertical-align:top;padding:4px 10px;line-height:1.4;max-width:none"
_GLUE = "\N{NO-BREAK SPACE}"
_SHORT = 24  # characters that are not broken over lines


class Cell(NamedTuple):
    """The text of one cell; `off` marks what can no longer be used."""

    text: str
    off: bool = False


class ModelTable:
    """Every model of the catalogue; iterable, and a table where it is shown."""

    _HEADS = (
        "model",
        "makes a video from",
        "resolution",
        "seconds",
        "sound",
        "seed",
        "flex",
        f"{_CURRENCY} / 5 s",
        "status",
    )

    def __init__(self, shown: Sequence[Model]) -> None:
        self._models = tuple(shown)

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def __getitem__(self, index: int) -> Model:
        return self._models[index]

    def __repr__(self) -> str:
        return _text(self._HEADS, [_row(model) for model in self]) + f"\n{_footnote()}"

    def _repr_html_(self) -> str:
        caption = f"Seedance models as of {catalogue().as_of.isoformat()}. {_footnote()}"
        return text_only(_html(caption, self._HEADS, [_row(model) for model in self]))


def models() -> ModelTable:
    """Every model of the catalogue, as a table that shows itself."""
    return ModelTable(tuple(catalogue().models.values()))


def model_text(model: Model) -> str:
    """One model in full, for a terminal: a line for each fact."""
    width = max(len(name) for name, _ in _facts(model)) + 2
    lines = [f"{model.title}: {model.purpose}"]
    for name, cell in _facts(model):
        lines += textwrap.wrap(
            cell.text,
            _WIDTH,
            initial_indent=f"  {name:<{width}}",
            subsequent_indent=" " * (width + 2),
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def model_html(model: Model) -> str:
    """One model in full, as an accessible table."""
    rows = [(Cell(name), cell) for name, cell in _facts(model)]
    return _html(f"{model.title}: {model.purpose}", (), rows)


def _row(model: Model) -> tuple[Cell, ...]:
    price = _five_seconds(model)
    off = ", ".join(catalogue().providers[name].brand for name, day in model.retired.items() if day <= today())
    return (
        Cell(model.name),
        Cell(", ".join(_modes(model))),
        Cell(f"{model.resolutions[0]}-{model.resolutions[-1]}"),
        Cell(_span(model.duration)),
        Cell(_yes(model.audio)),
        Cell(_yes(model.seed)),
        Cell(_yes("flex" in model.tiers)),
        Cell("" if price is None else f"{price:.2f}"),
        Cell(f"off at {off}" if off else "available", off=bool(off)),
    )


def _facts(model: Model) -> list[tuple[str, Cell]]:
    labels = {name: facts.label for name, facts in catalogue().providers.items()}
    restricted = [f"; with {_MODES[mode]} only {', '.join(made)}" for mode, made in model.resolutions_by_mode.items()]
    facts = [(f"id at {labels[name]}", Cell(identity)) for name, identity in model.ids.items()]
    facts += [
        ("makes a video from", Cell(", ".join(_modes(model)))),
        ("resolution", Cell(", ".join(model.resolutions) + "".join(restricted))),
    ]
    facts += [
        (f"pixels at {resolution}", Cell(", ".join(f"{ratio}{_GLUE}{w}x{h}" for ratio, (w, h) in row.items())))
        for resolution, row in model.sizes.items()
    ]
    facts += [
        ("adaptive ratio", Cell(_adaptive(model))),
        ("seconds", Cell(_span(model.duration) + (", or -1: the model chooses" if model.duration.auto else ""))),
        ("frames", Cell(_frames(rules().frames) if model.frames else "no")),
        ("sound", Cell(_yes(model.audio))),
        ("seed", Cell(_yes(model.seed))),
        ("camera_fixed", Cell(", ".join(_MODES[mode] for mode in model.camera_fixed) or "no")),
        ("service tiers", Cell(", ".join(model.tiers))),
        ("rates", Cell(f"{model.rates.rpm} create calls a minute, {model.rates.concurrency} at once")),
        *((f"{currency} a million tokens", Cell(_prices(model, currency))) for currency in _currencies(model)),
    ]
    for name, day in model.retired.items():
        instead = f"; use {model.replacement}" if model.replacement else ""
        facts.append(("switched off", Cell(f"at {labels[name]} on {day.isoformat()}{instead}", off=True)))
    facts += [("disputed", Cell(dispute.says)) for dispute in model.disputed]
    return [*facts, ("sources, see models.toml", Cell(model.source))]


def _modes(model: Model) -> list[str]:
    return [f"{model.references}{_GLUE}references" if mode == "references" else _MODES[mode] for mode in model.modes]


def _adaptive(model: Model) -> str:
    if not model.adaptive:
        return "no"
    allowed = ", ".join(_MODES[mode] for mode in model.adaptive)
    forced = ", ".join(_MODES[mode] for mode in model.adaptive_only)
    shape = "keeps the frame's own shape" if model.adaptive_shape == "own" else "takes the listed ratio nearest to it"
    return f"with {allowed}; {shape}" + (f"; required with {forced}" if forced else "")


def _span(span: Span) -> str:
    return f"{span.first}-{span.last}"


def _frames(span: Span) -> str:
    return f"{_span(span)}, every {span.step}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _currencies(model: Model) -> list[str]:
    return list(dict.fromkeys(currency for row in model.prices for currency in row.per_million))


def _prices(model: Model, currency: str) -> str:
    parts = []
    for row in model.prices:
        sound: dict[bool | None, list[str]] = {True: ["with sound"], False: ["silent"], None: []}
        when = [*(row.resolutions or ()), *([row.tier] if row.tier else []), *sound[row.audio]]
        if currency in row.per_million:
            parts.append(f"{row.per_million[currency]:g}" + (f" ({', '.join(when)})" if when else ""))
    return ", ".join(parts)


def _five_seconds(model: Model) -> float | None:
    """The list price of the video that most people ask for first: 720p, 16:9, the default duration, silent."""
    common = rules()
    row = model.price_row(resolution="720p", audio=False, tier="default")
    if row is None or _CURRENCY not in row.per_million:
        return None
    width, height = model.sizes["720p"]["16:9"]
    tokens = (common.fps * common.default_duration + 1) * width * height // common.token_pixels
    return tokens * row.per_million[_CURRENCY] / 1_000_000


def _footnote() -> str:
    common = rules()
    return (
        f"Price: {common.default_duration} s of 720p 16:9 without sound, BytePlus list price. sw.model(name) tells all."
    )


def _text(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    table = [list(heads), *([cell.text for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(heads))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in table
    )


def _html(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    head = "".join(_cell("th", Cell(text), ' scope="col"') for text in heads)
    lines = [
        "<tr>" + _cell("th", first, ' scope="row"') + "".join(_cell("td", cell) for cell in others) + "</tr>"
        for first, *others in rows
    ]
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return (
        f'{_STYLE}<div style="overflow-x:auto"><table class="sw-table" style="{_TABLE}">'
        f'<caption style="{_CAPTION}">{escape(caption)}</caption>{top}<tbody>{"".join(lines)}</tbody></table></div>'
    )


def _cell(tag: str, cell: Cell, attributes: str = "") -> str:
    space = "nowrap" if len(cell.text) <= _SHORT and not cell.off else "normal"
    weight = ";font-weight:600" if tag == "th" else ""
    off = ' class="sw-off"' if cell.off else ""
    return f'<{tag}{attributes}{off} style="{_CELL};white-space:{space}{weight}">{escape(cell.text)}</{tag}>'
