"""The contact sheet: every video's picture in its place, as one image; and where on it each tile lies."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import SweepError, VideoFileError
from seedance_widgets.request.plain import is_whole, shown, tame
from seedance_widgets.sweep.layout import Layout
from seedance_widgets.sweep.sheets import sheets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import PIL.Image
    import PIL.ImageDraw

    from seedance_widgets.sweep.cells import Cell
    from seedance_widgets.sweep.comparison import Compared
    from seedance_widgets.sweep.sheets import Sheet
    from seedance_widgets.video import Video

    Pictures = dict[tuple[Video | None, float, tuple[int, int]], PIL.Image.Image]

LONGEST = 16_384  # pixels of a side; what most programs still open
_MOST_SAVED = 400
NARROWEST = 32
_SAVED, _WIDEST_SAVED, _HIGHEST_SAVED = 200, 1200, 4000
_MIDDLE = math.inf  # as a time: half of each video
_GAP = 6
_HEAD = 26  # pixels of a line of headers
_SIDE = 110  # pixels of the column of row headers
_FONT = 14
_BACK, _INK, _EMPTY = (255, 255, 255), (40, 44, 50), (228, 231, 235)
# Pillow's own font has Latin letters only; these are looked for where a text needs more.
_WIDE_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "PingFang.ttc",
    "msyh.ttc",
    "Arial Unicode.ttf",
    "DejaVuSans.ttf",
)
_LATIN = re.compile(r"[\x20-\x7e\xa0-\xff\u2013\u2014\u2018-\u201d\u2026]*")


@dataclass(frozen=True)
class Plan:
    """How large a sheet is and where its tiles lie, in pixels.

    Args:
        tile: Width and height of one picture.
        shots: How many pictures stand side by side in a tile.
        side: Width of the column of row headers.
        head: Height of the title and of the column headers.
        caption: Height of a line under each tile.
        size: Width and height of the whole.
    """

    tile: tuple[int, int]
    shots: int
    side: int
    title: int
    head: int
    caption: int
    size: tuple[int, int]

    def box(self, row: int, column: int, shot: int = 0) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of a tile's picture."""
        wide, high = self.tile
        left = self.side + column * (wide * self.shots + _GAP) + shot * wide
        top = self.title + self.head + row * (high + self.caption + _GAP)
        return left, top, left + wide, top + high


def plan_sheet(sheet: Sheet, width: int, shots: int = 1) -> Plan:
    """Lay a sheet out; its tiles have the shape of its first video.

    Args:
        sheet: What is drawn.
        width: Pixels of one picture.
        shots: Pictures side by side in each tile.
    """
    videos = (tile.video for tile in sheet.tiles)
    shape = next((video.height / video.width for video in videos if video is not None and _there(video)), 9 / 16)
    tile = (width, max(2, round(width * shape / 2) * 2))
    headed = any(sheet.columns)
    side = _SIDE if any(sheet.rows) else _GAP
    title, head, caption = (_HEAD if sheet.title else 0), (_HEAD if headed else _GAP), (0 if headed else _HEAD)
    across = side + len(sheet.columns) * (tile[0] * shots + _GAP)
    down = title + head + len(sheet.rows) * (tile[1] + caption + _GAP)
    return Plan(tile, shots, side, title, head, caption, (across + across % 2, down + down % 2))


def contact_sheet(
    sheets: Sequence[Sheet],
    *,
    width: int = 240,
    times: Sequence[float] | None = None,
    drawn: Pictures | None = None,
) -> PIL.Image.Image:
    """Draw the grid as one picture, its pages below one another.

    Args:
        sheets: The pages.
        width: Pixels of one picture, from 32 on.
        times: Seconds at which each video is shown, side by side; past its end it shows its last frame. By default the
            middle of each: the first frame is the image that was given, and the same in all.
        drawn: The pictures of the last time, of which those that are needed again are kept and new ones are added: to
            find a frame in a video takes a hundred times as long as to paste it.

    Raises:
        SweepError: No time, a width that is none, or more than 16,384 pixels on a side.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415  only where something is drawn

    if not is_whole(width) or width < NARROWEST:
        raise SweepError(f"a contact sheet needs a width from {NARROWEST} pixels on, not {shown(tame(width))}.")
    times = (_MIDDLE,) if times is None else _seconds(times)
    plans = [plan_sheet(sheet, width, len(times)) for sheet in sheets]
    size = (max(plan.size[0] for plan in plans), sum(plan.size[1] for plan in plans))
    if max(size) > LONGEST:
        raise SweepError(
            f"the contact sheet would be {size[0]:,} x {size[1]:,} pixels, and {LONGEST:,} is the most on a side: "
            "take a smaller width, fewer times, or fewer cells."
        )
    whole = Image.new("RGB", size, _BACK)
    top = 0
    known = {} if drawn is None else drawn
    used: Pictures = {}
    for sheet, plan in zip(sheets, plans, strict=True):
        page = draw_frame(sheet, plan)
        for tile in sheet.tiles:
            for shot, seconds in enumerate(times):
                key = (tile.video, seconds, plan.tile)
                picture = known[key] if key in known and _there(tile.video) else _picture(*key)
                if picture is not None:
                    used[key] = picture
                    page.paste(picture, plan.box(tile.row, tile.column, shot)[:2])
                    if len(times) > 1:
                        left, high = plan.box(tile.row, tile.column, shot)[:2]
                        _write(
                            ImageDraw.Draw(page),
                            (left + 4, high + 2),
                            f"{seconds:g} s",
                            60,
                            ink=(255, 255, 255),
                            edge=1,
                        )
        whole.paste(page, (0, top))
        top += plan.size[1]
    known.clear()
    known.update(used)
    return whole


def _seconds(times: Any) -> tuple[float, ...]:
    found: tuple[Any, ...] = ()
    if isinstance(times, Iterable) and not isinstance(times, str):
        found = tuple(times)
    if not found or not all(isinstance(one, Real) and not math.isnan(one) for one in found):
        raise SweepError("times needs at least one time in a list of seconds, such as times=[0, 2.5].")
    return tuple(map(float, found))


def small_sheet(cells: Sequence[Cell | Compared], layout: Layout, drawn: Pictures | None = None) -> tuple[bytes, int]:
    """The contact sheet as a JPEG for a saved notebook, whatever the size of the grid: what fits, in small pictures.

    Args:
        cells: What is on it.
        layout: Where.
        drawn: As for `contact_sheet`.

    Returns:
        The picture, and how many cells are on it.
    """
    few = cells[:_MOST_SAVED]
    sheets = sheets_of(few, Layout(layout.dimensions, layout.places[:_MOST_SAVED]))
    across = min(max(len(sheet.columns) for sheet in sheets), _WIDEST_SAVED // NARROWEST)
    width = max(NARROWEST, min(_SAVED, _WIDEST_SAVED // across))
    left = _HIGHEST_SAVED
    parts: list[Sheet] = []
    for sheet in sheets:
        high = plan_sheet(sheet, width).size[1]
        rows = min(len(sheet.rows), int(len(sheet.rows) * left / high))
        if not parts:
            rows = max(1, rows)  # a sheet that is higher than it should be is better than none
        if rows:
            parts.append(_part_of(sheet, rows, across))
            left -= plan_sheet(parts[-1], width).size[1]
    data = io.BytesIO()
    # Without `optimize`, which saves a tenth, and keeps Python from anything else for as long as it takes.
    contact_sheet(parts, width=width, drawn=drawn).save(data, "JPEG", quality=75)
    return data.getvalue(), sum(len(sheet.tiles) for sheet in parts)


def _part_of(sheet: Sheet, rows: int, columns: int) -> Sheet:
    tiles = tuple(tile for tile in sheet.tiles if tile.row < rows and tile.column < columns)
    return replace(sheet, rows=sheet.rows[:rows], columns=sheet.columns[:columns], tiles=tiles)


def draw_frame(sheet: Sheet, plan: Plan) -> PIL.Image.Image:
    """Everything but the pictures: title, headers, and the tiles that have no video."""
    from PIL import Image, ImageDraw  # noqa: PLC0415  only where something is drawn

    page = Image.new("RGB", plan.size, _BACK)
    pen = ImageDraw.Draw(page)
    wide, high = plan.tile
    if sheet.title:
        _write(pen, (_GAP, 4), sheet.title, plan.size[0] - 2 * _GAP)
    for column, words in enumerate(sheet.columns):
        left = plan.box(0, column)[0]
        _write(pen, (left, plan.title + 4), words, wide * plan.shots)
    for row, words in enumerate(sheet.rows):
        top = plan.box(row, 0)[1]
        _write(pen, (_GAP, top + high // 2 - _FONT // 2), words, plan.side - 2 * _GAP)
    for tile in sheet.tiles:
        left, top, _, bottom = plan.box(tile.row, tile.column)
        right = left + wide * plan.shots
        if plan.caption:
            _write(pen, (left, bottom + 3), tile.words, right - left)
        if not _there(tile.video):
            pen.rectangle((left, top, right - 1, bottom - 1), fill=_EMPTY)
            _wrapped(pen, (left + 6, top + 6), tile.words, right - left - 12, high - 12)
    return page


def _there(video: Video | None) -> bool:
    try:
        return video is not None and video.path.is_file() and video.width > 0
    except VideoFileError:
        return False


def _picture(video: Video | None, seconds: float, size: tuple[int, int]) -> PIL.Image.Image | None:
    """A frame of the video in the size of a tile, with black bars where its shape is another one."""
    if video is None:
        return None
    try:
        at = video.duration / 2 if seconds == _MIDDLE else seconds
        return fitted(video.frame(max(0.0, min(at, video.duration))), size)
    except VideoFileError:
        return None


def fitted(picture: PIL.Image.Image, size: tuple[int, int]) -> PIL.Image.Image:
    """A picture in the middle of a black tile."""
    from PIL import Image, ImageOps  # noqa: PLC0415  only where something is drawn

    inside = ImageOps.contain(picture, size, Image.Resampling.LANCZOS)
    if inside.size == size:
        return inside
    tile = Image.new("RGB", size)
    tile.paste(inside, ((size[0] - inside.width) // 2, (size[1] - inside.height) // 2))
    return tile


def _write(
    pen: PIL.ImageDraw.ImageDraw,
    at: tuple[int, int],
    words: str,
    width: int,
    *,
    ink: tuple[int, int, int] = _INK,
    edge: int = 0,
) -> None:
    """One line of text, cut to the width."""
    words, font = _drawable(words)
    while words and pen.textlength(words, font=font) > width:
        words = words[:-2].rstrip() + "…" if len(words) > 2 else ""  # noqa: PLR2004  the sign itself has to fit
    pen.text(at, words, fill=ink, font=font, stroke_width=edge, stroke_fill=(0, 0, 0))


def _wrapped(pen: PIL.ImageDraw.ImageDraw, at: tuple[int, int], words: str, width: int, height: int) -> None:
    """Several lines of text, as many as fit."""
    words, font = _drawable(words)
    lines, line = [], ""
    for word in words.split():
        longer = f"{line} {word}".strip()
        if line and pen.textlength(longer, font=font) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    for i, one in enumerate([*lines, line][: max(1, height // (_FONT + 4))]):
        _write(pen, (at[0], at[1] + i * (_FONT + 4)), one, width)


def _drawable(words: str) -> tuple[str, Any]:
    """The text on one line and a font that has its letters; letters that no font has become `?`."""
    from PIL import ImageFont  # noqa: PLC0415  only where something is drawn

    words = " ".join(words.encode("utf-8", "replace").decode("utf-8").split())
    if not _LATIN.fullmatch(words):
        for name in _WIDE_FONTS:
            try:
                return words, ImageFont.truetype(name, _FONT)
            except OSError:
                continue
        words = "".join(letter if _LATIN.fullmatch(letter) else "?" for letter in words)
    return words, ImageFont.load_default(_FONT)
