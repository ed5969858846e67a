"""Player: a video in an output, or two that are compared with a wipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from seedance_widgets.sweep.comparison import video_of
from seedance_widgets.widgets.media import MediaAnswers, Shelf, video_state
from seedance_widgets.widgets.sendable import STATE
from seedance_widgets.widgets.surface import Surface

if TYPE_CHECKING:
    from pathlib import Path

    from seedance_widgets.jobs import Job
    from seedance_widgets.video import Video

    Shown = Video | Job | str | Path


class Player(MediaAnswers, Surface):
    """Plays a video frame by frame, or two in step with a wipe between them.

    The browser fetches the bytes over the widget's own connection, so that it works wherever the notebook works, also
    when the provider's link has died.

    Args:
        video: A `Video`, a finished `Job`, or the path of a video file.
        other: Another one, to compare.
        lang: `en` or `zh`.

    Raises:
        TypeError: Something else was given.
        ValueError: The job has no video, or there is no such language.
        VideoFileError: A file is missing or is no video.
    """

    entry: ClassVar[str] = "player_surface.js"
    styles: ClassVar[tuple[str, ...]] = ("base.css", "player.css")
    sections: ClassVar[tuple[str, ...]] = ("common", "player")

    videos: Any = traitlets.List().tag(**STATE)

    def __init__(self, video: Shown, other: Shown | None = None, *, lang: str = "en") -> None:
        self.shelf = Shelf()
        self.video = video_of(video)
        self.other = None if other is None else video_of(other)
        super().__init__(lang=lang, videos=[video_state(one, self.shelf) for one in self._shown])

    @property
    def _shown(self) -> list[Video]:
        return [self.video] if self.other is None else [self.video, self.other]

    def words(self) -> str:
        """What this is, in one line of plain text."""
        return f"Player({', '.join(repr(one) for one in self._shown)})"

    def saved(self) -> dict[str, Any]:
        """What a saved notebook keeps: the videos with their posters, side by side."""
        kept = [one._repr_mimebundle_() for one in self._shown]
        cells = "".join(f'<div style="flex:1 1 240px;min-width:0">{one["text/html"]}</div>' for one in kept)
        html = (
            kept[0]["text/html"]
            if len(kept) == 1
            else f'<div style="display:flex;flex-wrap:wrap;gap:8px">{cells}</div>'
        )
        return {**kept[0], "text/plain": self.words(), "text/html": html}
