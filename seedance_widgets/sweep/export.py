"""Export: the grid as a contact sheet, a video, a page or a table. Each file appears only when it is whole."""

from __future__ import annotations

import base64
import contextlib
import csv
import html
from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import StorageError, SweepError, VideoFileError
from seedance_widgets.folders import whole_file
from seedance_widgets.request.plain import is_whole, shown, tame
from seedance_widgets.sweep.cells import WORDS
from seedance_widgets.sweep.columns import MEASURED
from seedance_widgets.sweep.contact import NARROWEST, contact_sheet, draw_frame, fitted, plan_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    import PIL.Image

    from seedance_widgets.sweep.sheets import Sheet, Tile
    from seedance_widgets.video import Video

KINDS = (".png", ".mp4", ".html", ".csv")
WIDEST_VIDEO = 7680  # pixels of a side; few players go further
LARGEST_PAGE = 500_000_000  # bytes of video in one page; a browser must hold them all
_PIECE = 3 * 1024 * 1024  # a multiple of three: base64 of the pieces is base64 of the whole
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_POSTER = 480


def write_contact_sheet(sheets: Sequence[Sheet], path: Path, *, overwrite: bool, **how: Any) -> Path:
    """Write the contact sheet as PNG; `how` as for `contact_sheet`."""
    picture = contact_sheet(sheets, **how)
    with whole_file(path, overwrite=overwrite) as unfinished:
        picture.save(unfinished, "PNG", optimize=True)
    return path


def write_video(
    sheets: Sequence[Sheet],
    path: Path,
    *,
    overwrite: bool,
    width: int = 320,
    on_frame: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the grid as one video without sound: all from the start, the shorter ones holding their last frame.

    Args:
        sheets: The pages; they stand below one another.
        path: The new file.
        overwrite: Replace a file that is there.
        width: Pixels of one tile, from 32 on.
        on_frame: Told how many frames are written, of how many.

    Raises:
        SweepError: There is no video, a width that is none, or the grid would be larger than 7,680 pixels.
        FileExistsError: There is such a file.
        StorageError: It cannot be written.
    """
    import av  # noqa: PLC0415  only where a video is written

    videos = [
        tile.video for sheet in sheets for tile in sheet.tiles if tile.video is not None and _readable(tile.video)
    ]
    if not videos:
        raise SweepError("there is no video yet that a grid could be made of; run the sweep first.")
    if not is_whole(width) or width < NARROWEST:
        raise SweepError(f"a grid video needs a width from {NARROWEST} pixels on, not {shown(tame(width))}.")
    background, places = _canvas(sheets, width)
    fps = Fraction(videos[0].fps).limit_denominator(1001)
    frames = max(1, round(max(video.duration for video in videos) * fps))
    with whole_file(path, overwrite=overwrite) as unfinished, contextlib.ExitStack() as stack:
        try:
            films = [
                (stack.enter_context(contextlib.closing(_film(video, size, fps))), box) for video, size, box in places
            ]
            out = stack.enter_context(av.open(str(unfinished), "w", format="mp4", options={"movflags": "+faststart"}))
            stream = out.add_stream("libx264", rate=fps, options={"crf": "20", "preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt = background.width, background.height, "yuv420p"
            for number in range(frames):
                for film, box in films:
                    if (picture := next(film, None)) is not None:
                        background.paste(picture, box)
                out.mux(stream.encode(av.VideoFrame.from_image(background)))  # type: ignore[no-untyped-call]
                if on_frame is not None:
                    on_frame(number + 1, frames)
            out.mux(stream.encode())
        except av.FFmpegError as error:
            raise StorageError(f"the video cannot be written as {path}: {error.strerror}.") from error
    return path


def write_page(
    sheets: Sequence[Sheet], path: Path, *, overwrite: bool, title: str, facts: Sequence[Mapping[str, Any]] = ()
) -> Path:
    """Write one page that holds everything, the videos too, and asks nothing of the network.

    Args:
        sheets: The pages of the grid.
        path: The new file.
        overwrite: Replace a file that is there.
        title: What stands over it.
        facts: Rows of a table below.

    Raises:
        SweepError: The videos are larger than 500 MB in all.
        FileExistsError: There is such a file.
        StorageError: It cannot be written.
    """
    videos = [
        tile.video for sheet in sheets for tile in sheet.tiles if tile.video is not None and _readable(tile.video)
    ]
    total = sum(video.path.stat().st_size for video in videos)
    if total > LARGEST_PAGE:
        raise SweepError(
            f"the videos have {total / 1e6:,.0f} MB in all, and a page holds {LARGEST_PAGE / 1e6:,.0f} MB at most; "
            "export a part of the sweep, or the grid as .mp4."
        )
    home = files(__package__)
    blanks = {"title": html.escape(title), "style": home.joinpath("page.css").read_text("utf-8")}
    with whole_file(path, overwrite=overwrite) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        file.write(home.joinpath("page.html").read_text("utf-8").format(**blanks))
        for sheet in sheets:
            _write_sheet(file, sheet)
        _write_facts(file, facts)
        file.write(f"<script>{home.joinpath('page.js').read_text('utf-8')}</script></body></html>\n")
    return path


def write_table(rows: Sequence[Mapping[str, Any]], path: Path, *, overwrite: bool) -> Path:
    """Write rows as CSV: UTF-8 that spreadsheets recognise, with no text that one would run as a formula."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    with (
        whole_file(path, overwrite=overwrite) as unfinished,
        unfinished.open("w", encoding="utf-8-sig", newline="", errors="replace") as file,
    ):
        table = csv.writer(file)
        table.writerow(map(_harmless, heads))
        table.writerows([_harmless(row.get(head)) for head in heads] for row in rows)
    return path


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _readable(video: Video) -> bool:
    try:
        return video.path.is_file() and video.frames > 0
    except VideoFileError:
        return False


def _canvas(
    sheets: Sequence[Sheet], width: int
) -> tuple[PIL.Image.Image, list[tuple[Video, tuple[int, int], tuple[int, int]]]]:
    """Everything that stands still, and where each video belongs with which size."""
    from PIL import Image  # noqa: PLC0415  only where something is drawn

    plans = [plan_sheet(sheet, width - width % 2) for sheet in sheets]
    size = (max(plan.size[0] for plan in plans), sum(plan.size[1] for plan in plans))
    if max(size) > WIDEST_VIDEO:
        raise SweepError(
            f"the grid video would be {size[0]:,} x {size[1]:,} pixels, and {WIDEST_VIDEO:,} is the most on a side: "
            "take a smaller width, or fewer cells."
        )
    background = Image.new("RGB", size, (255, 255, 255))
    places = []
    top = 0
    for sheet, plan in zip(sheets, plans, strict=True):
        background.paste(draw_frame(sheet, plan), (0, top))
        for tile in sheet.tiles:
            if tile.video is not None and _readable(tile.video):
                left, high = plan.box(tile.row, tile.column)[:2]
                places.append((tile.video, plan.tile, (left, top + high)))
        top += plan.size[1]
    return background, places


def _film(video: Video, size: tuple[int, int], fps: Fraction) -> Generator[PIL.Image.Image | None]:
    """The video's pictures at the times of the grid; None while the one before stays."""
    import av  # noqa: PLC0415  only where a video is written

    with av.open(str(video.path), options={"protocol_whitelist": "file"}) as container:
        stream: Any = container.streams.video[0]
        stream.thread_type = "NONE"  # many are open at once
        start = stream.start_time or 0
        number = 0
        frame: Any
        for frame in container.decode(stream):
            at = round(float(((frame.pts or 0) - start) * stream.time_base) * fps)
            while number < at:  # fewer frames a second than the grid
                yield None
                number += 1
            if number == at:
                yield fitted(frame.to_image(), size)
                number += 1


def _write_sheet(file: Any, sheet: Sheet) -> None:
    if sheet.title:
        file.write(f"<h2>{html.escape(sheet.title)}</h2>\n")
    heads = "".join(f"<th>{html.escape(words)}</th>" for words in sheet.columns)
    file.write(f'<div class="scroll"><table class="grid"><thead><tr><th></th>{heads}</tr></thead><tbody>\n')
    places = {(tile.row, tile.column): tile for tile in sheet.tiles}
    for row, words in enumerate(sheet.rows):
        file.write(f"<tr><th>{html.escape(words)}</th>")
        for column in range(len(sheet.columns)):
            file.write("<td>")
            if (tile := places.get((row, column))) is not None:
                _write_tile(file, tile)
            file.write("</td>")
        file.write("</tr>\n")
    file.write("</tbody></table></div>\n")


def _write_tile(file: Any, tile: Tile) -> None:
    words = html.escape(tile.words)
    if tile.video is None or not _readable(tile.video):
        file.write(f'<p class="none">{words}</p>')
        return
    poster = base64.b64encode(tile.video.poster(_POSTER)).decode("ascii")
    file.write(
        f'<video muted playsinline preload="metadata" title="{words}" aria-label="{words}" '
        f'poster="data:image/jpeg;base64,{poster}" src="data:video/mp4;base64,'
    )
    with tile.video.path.open("rb") as source:
        while piece := source.read(_PIECE):
            file.write(base64.b64encode(piece).decode("ascii"))
    file.write(f'"></video><p class="words">{words}</p>')


def _write_facts(file: Any, facts: Sequence[Mapping[str, Any]]) -> None:
    rows = [{name: words for name, value in row.items() if (words := _words(name, value))} for row in facts]
    heads = list(dict.fromkeys(key for row in rows for key in row))
    if not heads:
        return
    file.write('<div class="scroll"><table class="facts"><thead><tr>')
    file.write("".join(f"<th>{html.escape(str(head))}</th>" for head in heads) + "</tr></thead><tbody>\n")
    for row in rows:
        file.write("<tr>" + "".join(f"<td>{html.escape(row.get(head, ''))}</td>" for head in heads) + "</tr>\n")
    file.write("</tbody></table></div>\n")


def _words(name: str, value: Any) -> str:
    """A fact for people; empty where there is none. Spreadsheets and pandas have it as it is."""
    if name == "star":
        return "★" if value else ""
    if name == "state":
        return WORDS.get(str(value), str(value))
    if name in MEASURED and isinstance(value, float):
        return f"{float(f'{value:.4g}'):g}"  # four digits that count, and no exponent for thousands
    return "" if value is None else str(value)
