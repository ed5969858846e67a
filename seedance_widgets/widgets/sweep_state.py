"""What the browser draws of a sweep or a comparison: plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import VideoFileError
from seedance_widgets.jobs.record import FAILED
from seedance_widgets.notebook.card import SIGNS
from seedance_widgets.request.estimate import money
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.sweep import Cell, Sweep
from seedance_widgets.sweep.axes import pathlike, short
from seedance_widgets.sweep.cells import counts_of
from seedance_widgets.sweep.plan import duration_of, span, unfilled_note
from seedance_widgets.widgets.job_state import cost_words
from seedance_widgets.widgets.media import video_state
from seedance_widgets.widgets.say import say, say_parts
from seedance_widgets.widgets.strings import text
from seedance_widgets.widgets.trouble import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedance_widgets.sweep import Comparison, Plan
    from seedance_widgets.sweep.comparison import Compared
    from seedance_widgets.widgets.media import Shelf

    Grid = Sweep | Comparison
    AnyCell = Cell | Compared

_SIGNS = {**SIGNS, "invalid": "⊘", "planned": "○", "waiting": "◔"}
_ROWS = 500  # of a table in the browser; more is for pandas
# What is written on the picture of a cell, in this order.
_ON_PICTURE = (("motion", "motion {:.2g}"), ("first_frame_psnr", "PSNR {:.1f}"), ("flicker", "flicker {:.2g}"))
_SHOWN_ON_PICTURE = 2


def grid_state(grid: Grid, lang: str) -> dict[str, Any]:
    """What does not change: the dimensions, and where each cell lies."""
    layout = grid.layout
    notes = [say(one.note, lang) for one in layout.dimensions]
    if notes and isinstance(grid, Sweep):  # what no axis fills is told where the axes' notes stand, over the grid
        unfilled = say(unfilled_note(cell.request for cell in grid.cells), lang)
        notes[0] = " ".join(filter(None, (notes[0], unfilled)))
    return {
        "kind": "sweep" if isinstance(grid, Sweep) else "compare",
        "dimensions": [
            {"title": one.title, "labels": list(one.labels), "heads": list(one.heads), "note": note}
            for one, note in zip(layout.dimensions, notes, strict=True)
        ],
        "places": [list(place) for place in layout.places],
    }


def first_head(grid: Grid, lang: str) -> dict[str, Any]:
    """What can be told before anything was looked at."""
    if not isinstance(grid, Sweep):
        return head_state(grid, lang)
    count = len(grid.cells)
    return {
        "name": grid.name,
        "summary": text(lang, "sweep.cell") if count == 1 else text(lang, "sweep.cells", n=f"{count:,}"),
        "provider": _provider(grid, lang),
        "actions": {},
        "money": "",
    }


def head_state(grid: Grid, lang: str) -> dict[str, Any]:
    """How the whole stands: counts, money, what may be pressed."""
    if not isinstance(grid, Sweep):
        count = len(grid.cells)
        return {
            "name": "",
            "measurable": any(str(cell.video.path) not in grid.measured for cell in grid.cells),
            "exportable": True,
            "summary": text(lang, "sweep.videos", n=count),
            "provider": None,
            "actions": {},
            "money": "",
        }
    states = counts_of(grid.cells)
    total = len(grid.cells)
    parts = [text(lang, "sweep.cell") if total == 1 else text(lang, "sweep.cells", n=f"{total:,}")]
    parts += [_counted(state, count, lang) for state, count in states.items()]
    running = grid.running
    unsent = _unsent(grid)
    if running and not grid.held and (left := _left(grid)) is not None:
        parts.append(text(lang, "sweep.left", time=span(left)))
    return {
        "name": grid.name,
        "summary": " · ".join(parts),
        "provider": _provider(grid, lang),
        "measurable": bool(videos := grid.videos) and any(str(video.path) not in grid.measured for video in videos),
        "exportable": bool(videos),
        "paused": grid.held,
        "actions": {
            "pause": grid.unsent,
            "make": len(unsent),
            "preview": sum(cell.preview is None for cell in unsent) if _preview_saves(unsent) else 0,
            "finish": sum(cell.star and cell.job is None and not cell.refusal for cell in grid.cells),
            "retry": len({cell.key for cell in grid.failed()[1]}),
            "cancel": bool(grid.book.waiting or states["queued"] or states["pending"]),
        },
        "money": _money(grid, lang),
    }


def cell_state(cell: AnyCell, lang: str, shelf: Shelf) -> dict[str, Any]:
    """One cell. Reads the header of its video's file; blocking."""
    job = cell.current
    state = cell.state
    line, video = "", None
    if cell.video is not None:
        try:
            video = video_state(cell.video, shelf)
        except VideoFileError as error:
            line = say(str(error), lang)
    if state == "invalid":
        line = say(cell.refusal, lang)
    elif cell.error is not None:
        line = words_of(cell.error, lang)
    elif job is not None and not job.done:
        eta = job.eta
        line = text(lang, "sweep.late") if job.late else "" if eta is None else text(lang, "sweep.left", time=span(eta))
    mark = cell.mark
    return {
        "i": cell.index,
        "state": state,
        "sign": _SIGNS[state],
        "line": line,
        "video": video,
        "preview": cell.job is None and cell.preview is not None,
        "retry": state in FAILED or (cell.gone and video is None),
        "trouble": state in {*FAILED, "invalid", "unknown"} or (state == "succeeded" and video is None),
        "star": mark.star,
        "rating": mark.rating or 0,
        "note": mark.note,
        "metrics": _metrics(cell),
    }


def detail_state(cell: AnyCell, lang: str) -> dict[str, Any]:
    """What is told of the cell that is selected."""
    changes = cell.changes.items() if isinstance(cell, Cell) else ()
    job = cell.current
    facts = []
    if job is not None:
        facts += [f"seed {job.seed}"] if job.seed is not None else []
        facts += [text(lang, "sweep.tokens", n=f"{job.tokens:,}")] if job.tokens else []
        facts += [cost_words(job.card(), lang), job.task_id or ""]
    return {
        "words": cell.words(),
        "changes": [[name, short(pathlike(value) if name in IMAGE_FIELDS else value, 1)] for name, value in changes],
        "facts": " · ".join(fact for fact in facts if fact),
        "note": say(cell.remark, lang),
        "cancel": (job is not None and not job.done) or cell.state == "waiting",
        "retry": cell.state in FAILED or cell.gone,
        "request": cell.request is not None,
    }


def plan_state(plan: Plan, lang: str) -> dict[str, Any]:
    """The plan as a table."""
    rows = []
    for line in plan.lines[:_ROWS]:
        one = line.estimate
        price = say_parts(line.price_words(), lang)
        size = f"{one.width} x {one.height}" if one.width else ""
        tokens = "" if one.tokens is None else f"{one.tokens:,}"
        why = words_of(line.cell.error, lang) if line.fate == "failed" and line.cell.error else say(line.why, lang)
        fate = text(lang, f"sweep.fate_{line.fate}", why=why)
        rows.append(
            {
                "i": line.cell.index,
                "send": line.fate == "send",
                "values": [fate, size, tokens, price, line.time_words()],
            }
        )
    return {
        "total": say_parts(plan.total(), lang),
        "notes": [say(note, lang) for note in plan.notes],
        "heads": [text(lang, f"sweep.{name}") for name in ("fate", "pixels", "token_head", "price", "time_head")],
        "rows": rows,
        "more": _more(plan.lines),
    }


def table_state(grid: Grid) -> dict[str, Any]:
    """What is known of each cell, as a table; columns in which nothing stands are left out."""
    rows = grid.rows()[:_ROWS]
    # A path is as wide as all the rest; `to_pandas()` has it, and so has the CSV.
    skipped = {"job", "note", "error", "refusal", "currency", "preview", "video"}
    heads = [name for name in dict.fromkeys(key for row in rows for key in row) if name not in skipped]
    heads = [name for name in heads if name == "cell" or any(row.get(name) not in {None, False} for row in rows)]
    values = [[_plain(row.get(name)) for name in heads] for row in rows]
    return {
        "heads": heads,
        "rows": [{"i": row["cell"], "values": one} for row, one in zip(rows, values, strict=True)],
        "more": _more(grid.cells),
    }


def question(plan: Plan, lang: str) -> str:
    """What is asked before money is spent."""
    count = f"{len(plan.to_send):,}"
    if plan.unpriced:
        return text(lang, "sweep.question_unknown", label=plan.sweep.provider_label, n=count)
    price = say_parts(plan.cost_words(), lang)
    return text(lang, "sweep.question", label=plan.sweep.provider_label, n=count, price=price)


def _provider(grid: Sweep, lang: str) -> dict[str, Any]:
    kind = "billed" if grid.billed else "free"
    return {"words": text(lang, f"sweep.{kind}", label=grid.provider_label), "billed": grid.billed}


def _counted(state: str, count: int, lang: str) -> str:
    return text(lang, f"sweep.count_{state}{'s' * (state == 'preview' and count != 1)}", n=f"{count:,}")


def _unsent(grid: Sweep) -> list[Cell]:
    """One of each group of equal cells that is to be made and has not begun."""
    found: dict[str, Cell] = {}
    for cell in grid.cells:
        job = cell.job
        begun = job is not None and not (job.status == "cancelled" and job.task_id is None)
        if not begun and not cell.refusal and cell.state not in {"waiting", "unknown"}:
            found.setdefault(cell.key, cell)
    return list(found.values())


def _preview_saves(cells: Sequence[Cell]) -> bool:
    return any(cell.preview_request.resolution != cell.request.resolution for cell in cells)


def _left(grid: Sweep) -> float | None:
    """Seconds until all that is under way or waits is probably done."""
    running = [job for job in grid.jobs if not job.done]
    slowest = max((job.eta or 0.0 for job in running), default=0.0)
    waiting = grid.to_come
    rest = duration_of(waiting, grid) if waiting else 0.0
    return None if rest is None else slowest + rest


def _money(grid: Sweep, lang: str) -> str:
    tokens = sum(job.tokens or 0 for job in grid.jobs)
    parts = [text(lang, "sweep.tokens", n=f"{tokens:,}")] if tokens else []
    if grid.billed:
        currency = grid.cells[0].estimate.currency
        spent, cap = money(grid.spent, currency), grid.max_cost
        bounded = cap is not None and cap != float("inf")
        words = text(lang, "sweep.spent_of", spent=spent, cap=money(cap or 0.0, currency)) if bounded else ""
        parts.append(words or text(lang, "sweep.spent", spent=spent))
    return " · ".join(parts)


def _metrics(cell: AnyCell) -> str:
    row = cell.row()
    told = [words.format(row[name]) for name, words in _ON_PICTURE if isinstance(row.get(name), float)]
    return " · ".join(told[:_SHOWN_ON_PICTURE])


def _more(rows: Sequence[Any]) -> int:
    return max(0, len(rows) - _ROWS)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return value if value is None or isinstance(value, (str, int)) else str(value)
