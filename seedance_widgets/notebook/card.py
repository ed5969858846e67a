"""What is shown of a job without a widget: one line in a terminal, a card in a notebook that follows the job."""

from __future__ import annotations

import contextlib
import html
import importlib
import secrets
import time
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.markup import text_only
from seedance_widgets.notebook.loop import kernel
from seedance_widgets.request.estimate import money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Protocol

    class Shown(Protocol):
        """What this page needs of a job."""

        @property
        def done(self) -> bool:
            """Whether it has ended."""

        def card(self) -> Card:
            """What there is to show now."""

        def listening(
            self, listener: Callable[[Any], None], *, shows: bool = False
        ) -> contextlib.AbstractContextManager[None]:
            """Call `listener` at every change; where it `shows` the video, the poster is made before the job ends."""


# A picture and a word for each state, so that none is told by colour alone.
SIGNS = {
    "pending": "○",
    "submitting": "↑",
    "queued": "◔",
    "running": "◑",
    "downloading": "↓",
    "succeeded": "✓",
    "failed": "✕",
    "cancelled": "⊘",
    "expired": "⌛",
    "unknown": "?",
}
# What redraws the cards on display, while somebody holds the job.
_shown: weakref.WeakKeyDictionary[Shown, list[Callable[[], None]]] = weakref.WeakKeyDictionary()
_REDRAW = 0.5
_BOX = (
    "border:1px solid var(--jp-border-color2, #bdbdbd);border-radius:6px;padding:8px 12px;margin:4px 0;max-width:640px;"
    "color:var(--jp-content-font-color1, inherit);background:var(--jp-layout-color1, transparent);"
    "font-family:var(--jp-ui-font-family, sans-serif)"
)
_BAD, _DOUBT = "var(--jp-error-color1, #d32f2f)", "var(--jp-warn-color1, #b26a00)"
_COLOURS = {
    "succeeded": "var(--jp-success-color1, #388e3c)",
    "failed": _BAD,
    "expired": _BAD,
    "unknown": _DOUBT,
    "cancelled": "var(--jp-ui-font-color2, #757575)",
}


Cost = Literal["free", "perhaps billed", "not billed", "billed", "about", "exactly"]


@dataclass(frozen=True, slots=True)
class Card:
    """What there is to show of one job at one moment; every text in it is shown as text, never as markup.

    Args:
        seed: That of the finished video, else the one that was asked for; None for a random one.
        expected_tokens: What was estimated; `tokens` is what the provider counted.
        ready_at: When the provider had made the video, in Unix seconds.
        seconds_in: Seconds spent in each state so far.
    """

    id: str
    prompt: str
    state: str
    provider: str
    billed: bool
    task_id: str | None
    model: str
    elapsed: float
    eta: float | None
    note: str
    error: str | None
    price: float | None
    currency: str | None
    tokens: int | None
    video: Any
    seed: int | None = None
    expected_tokens: int | None = None
    ready_at: float | None = None
    seconds_in: Mapping[str, float] = field(default_factory=dict)

    def progress_words(self) -> str:
        """What is known of the time: `31 s, about 24 s to go`."""
        words = f"{self.elapsed:.0f} s"
        if self.eta is not None:
            words += f", about {max(1, round(self.eta))} s to go"
        return f"{words}, {self.note}" if self.note else words

    @property
    def cost(self) -> tuple[Cost, str]:
        """What it costs: what is known of that, and for `about` and `exactly` the amount for people."""
        if not self.billed:
            return "free", ""
        if self.state == "unknown":
            return "perhaps billed", ""
        # A video that was made is billed, whatever became of its file.
        if self.state in {"failed", "cancelled", "expired"} and not self.tokens and self.ready_at is None:
            return "not billed", ""
        if self.price is None:
            return "billed", ""
        return ("exactly" if self.tokens else "about"), money(self.price, self.currency or "")

    def cost_words(self) -> str:
        """What it costs: `free`, `about $0.26`, `$0.26`, `billed`, `not billed`, `perhaps billed`."""
        known, amount = self.cost
        if not amount:
            return known
        return f"about {amount}" if known == "about" else amount

    def text(self) -> str:
        """One line for a terminal."""
        facts = [self.state, f"{self.provider}, {self.cost_words()}", self.task_id, self.progress_words(), self.error]
        return f"Job {self.id} · {' · '.join(fact for fact in facts if fact)} · {_short(self.prompt)!r}"

    def html(self) -> str:
        """The card; a finished one holds the video."""
        facts = [f"{self.provider} · {self.cost_words()}", self.model, self.task_id, self.progress_words()]
        if self.tokens:
            facts.append(f"{self.tokens:,} tokens")
        line = " · ".join(html.escape(fact) for fact in facts if fact)
        colour = _COLOURS.get(self.state, "var(--jp-brand-color1, #1976d2)")
        parts = [
            f'<div role="status" style="{_BOX}">',
            f'<div><span aria-hidden="true" style="color:{colour}">{SIGNS[self.state]}</span>',
            f" <strong>{self.state}</strong> {html.escape(_short(self.prompt, 120))}</div>",
            f'<div style="font-size:85%;opacity:.8">{line}</div>',
        ]
        if self.eta is not None:
            # Drawn from an estimate, and said so above ("about"): it never reaches the end before the job does.
            share = min(0.95, self.elapsed / (self.elapsed + self.eta))
            parts.append(
                f'<progress value="{share:.2f}" max="1" aria-label="estimated progress" style="width:100%"></progress>'
            )
        if self.error:
            edge = f"border-left:3px solid {colour};padding-left:8px;margin-top:4px;white-space:pre-wrap"
            parts.append(f'<div style="{edge}">{html.escape(self.error)}</div>')
        if self.video is not None:
            parts.append(self.video._repr_mimebundle_().get("text/html", ""))
        return text_only("".join([*parts, "</div>"]))

    def mimebundle(self) -> dict[str, Any]:
        """What Jupyter stores and shows."""
        bundle = {"text/plain": self.text(), "text/html": self.html()}
        if self.video is not None and (poster := self.video._repr_mimebundle_().get("image/jpeg")):
            bundle["image/jpeg"] = poster
        return bundle


def live_display(job: Shown) -> None:
    """Show the job where IPython shows things, and keep it up to date until it has ended."""
    if kernel() is None:
        _follow(job, lambda card: card.mimebundle())
    else:
        # By name: only what is shown may load ipywidgets, and the widgets lie above this layer.
        importlib.import_module("seedance_widgets.widgets.job_card").show(job)


@contextlib.contextmanager
def progress_display(job: Shown) -> Iterator[None]:
    """In a notebook, show the job while a cell waits for it; one line is left afterwards, for the result follows."""
    if kernel() is not None:

        def draw(card: Card) -> dict[str, Any]:
            if card.state != "succeeded":
                return card.mimebundle()
            words = f"{card.provider} · {card.cost_words()} · {card.task_id} · made in {card.elapsed:.0f} s"
            return {
                "text/plain": words,
                "text/html": text_only(f'<div style="font-size:85%;opacity:.8">{html.escape(words)}</div>'),
            }

        _follow(job, draw)
    yield


def jobs_text(cards: Sequence[Card]) -> str:
    """Jobs as aligned lines for a terminal."""
    return "\n".join(
        f"{SIGNS[card.state]} {card.state:11} {card.id}  {card.elapsed:6.0f} s  {card.cost_words():>12}  "
        f"{card.provider:18} {_short(card.prompt, 40)}"
        for card in cards
    )


def jobs_html(cards: Sequence[Card]) -> str:
    """Jobs as a table."""
    if not cards:
        return ""
    heads = ("state", "job", "prompt", "provider", "cost", "made in", "task")
    rows = [
        (
            f"{SIGNS[card.state]} {card.state}",
            card.id,
            _short(card.prompt, 80),
            card.provider,
            card.cost_words(),
            f"{card.elapsed:.0f} s",
            card.task_id or "",
        )
        for card in cards
    ]
    head = "".join(f'<th scope="col" style="text-align:left">{name}</th>' for name in heads)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{html.escape(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    count = f"{len(cards)} {'job' if len(cards) == 1 else 'jobs'}"
    caption = f'<caption style="text-align:left">{count}</caption>'
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def redraw(job: Shown) -> None:
    """Bring the job's cards up to date from the cell that runs now. Blocking: each is shown anew.

    A tool that executes a notebook cell by cell takes in only what belongs to the running cell: without this, the card
    in an earlier cell would be saved as it was when that cell ended.
    """
    for again in tuple(_shown.get(job, ())):
        again()


def on_redraw(job: Shown, again: Callable[[], None]) -> None:
    """Have `redraw(job)` call `again`, on a thread, for as long as somebody holds the job."""
    _shown.setdefault(job, []).append(again)


def _follow(job: Shown, draw: Callable[[Card], dict[str, Any]]) -> None:
    from IPython.display import display  # noqa: PLC0415  only where something is shown

    handle = display(draw(job.card()), raw=True, display_id=secrets.token_hex(8))  # type: ignore[no-untyped-call]
    if job.done or handle is None or kernel() is None:  # a terminal cannot take a line back
        return
    held = weakref.ref(job)  # what is kept for a job must not keep the job

    def again() -> None:
        if (job := held()) is not None:
            handle.update(draw(job.card()), raw=True)

    on_redraw(job, again)
    stack = contextlib.ExitStack()
    last = (time.monotonic(), job.card().state, job.card().note)

    def follow(job: Shown) -> None:
        nonlocal last
        card = job.card()
        if card.state == last[1] and card.note == last[2] and time.monotonic() - last[0] < _REDRAW:
            return
        last = (time.monotonic(), card.state, card.note)
        handle.update(draw(card), raw=True)
        if job.done:
            stack.close()

    stack.enter_context(job.listening(follow, shows=True))


def _short(text: str, length: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
