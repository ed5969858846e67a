"""What is written of a grid: each picture in its place, right sizes and lengths, and text that is only text."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import seedance_widgets as sw
from seedance_widgets.errors import StorageError, SweepError
from seedance_widgets.sweep.contact import plan_sheet
from seedance_widgets.sweep.sheets import sheets_of
from tests.sweep.test_measure import film

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (30, 40, 200), "grey": (120, 120, 120)}


def near(picture, box, colour):
    """Whether the middle of a box has this colour."""
    left, top, right, bottom = box
    pixel = np.asarray(picture.convert("RGB"))[(top + bottom) // 2, (left + right) // 2]
    return np.abs(pixel.astype(int) - np.array(colour)).max() < 40


@pytest.fixture
def videos(tmp_path):
    made = {}
    for i, (name, colour) in enumerate(COLOURS.items()):
        path = film(tmp_path / f"{name}.mp4", [Image.new("RGB", (320, 192), colour)] * (24 + 12 * i))
        made[name] = sw.Video.open(path)
    return made


@pytest.fixture
def grid(videos, sim):
    """A sweep of two rows, three columns and two pages, some of whose cells have videos."""
    base = sw.VideoRequest("a {mood} boat", resolution="480p", duration=2)
    axes = {"seed": [1, 2, 3], "mood": ["calm", "<script>alert(1)</script>"], "camera_fixed": [False, True]}
    sweep = sw.Sweep(base, axes, provider=sim.provider(), name="boats & <ships>")
    names = list(videos)
    given = {cell.index: videos[names[cell.index % 4]] for cell in sweep if cell.index != 5}
    return Shown(sweep, given)


class Shown:
    """A sweep whose cells have the videos that a test gives them."""

    def __init__(self, sweep, given) -> None:
        self.name, self.layout, self.measured = sweep.name, sweep.layout, {}
        self.cells = [Given(cell, given.get(cell.index)) for cell in sweep]

    def rows(self):
        return [cell.row() for cell in self.cells]


class Given:
    def __init__(self, cell, video) -> None:
        self.index, self.request, self.state, self.refusal, self.error = cell.index, cell.request, "planned", "", None
        self.words, self.row, self.video = cell.words, cell.row, video


def export(grid, path, **how):
    from seedance_widgets.sweep.files import export_grid

    return export_grid(grid, path, **how)


def test_the_contact_sheet_has_each_picture_in_its_place(grid, tmp_path):
    path = export(grid, tmp_path / "sheet.png", width=120)
    picture = Image.open(path)
    top, checked = 0, 0
    for sheet in sheets_of(grid.cells, grid.layout):
        plan = plan_sheet(sheet, 120)
        for tile in sheet.tiles:
            left, high, right, low = plan.box(tile.row, tile.column)
            box = (left, top + high, right, top + low)
            assert near(picture, box, COLOURS[tile.video.path.stem] if tile.video else (228, 231, 235)), tile
            checked += 1
        top += plan.size[1]
    assert checked == 12
    assert picture.height == top


def test_a_sheet_at_several_times_holds_the_last_frame_past_the_end(tmp_path):
    path = film(
        tmp_path / "two.mp4",
        [Image.new("RGB", (320, 192), COLOURS["red"])] * 12 + [Image.new("RGB", (320, 192), COLOURS["blue"])] * 12,
    )
    comparison = sw.compare(path)
    export(comparison, tmp_path / "sheet.png", width=100, times=[0, 0.9, 60])
    picture = Image.open(tmp_path / "sheet.png")
    (sheet,) = sheets_of(comparison.cells, comparison.layout)
    plan = plan_sheet(sheet, 100, 3)
    for shot, colour in enumerate(("red", "blue", "blue")):
        assert near(picture, plan.box(0, 0, shot), COLOURS[colour])


def test_the_grid_video_has_the_right_size_and_length_and_each_video_in_its_place(grid, videos, tmp_path):
    told = []
    path = export(grid, tmp_path / "grid.mp4", width=160, on_frame=lambda n, of: told.append((n, of)))
    plans = [(sheet, plan_sheet(sheet, 160)) for sheet in sheets_of(grid.cells, grid.layout)]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (max(p.size[0] for _, p in plans), sum(p.size[1] for _, p in plans))
        frames = [frame.to_image() for frame in container.decode(stream)]
        assert float(stream.average_rate) == 24
        assert not container.streams.audio
    assert len(frames) == max(video.frames for video in videos.values()) == 60
    assert told[-1] == (60, 60)
    for frame in (frames[0], frames[-1]):
        top = 0
        for sheet, plan in plans:
            for tile in sheet.tiles:
                left, high, right, low = plan.box(tile.row, tile.column)
                if tile.video is not None:
                    assert near(frame, (left, top + high, right, top + low), COLOURS[tile.video.path.stem])
            top += plan.size[1]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        self.text += data


def test_the_page_holds_everything_and_its_texts_are_only_text(grid, tmp_path):
    path = export(grid, tmp_path / "page.html")
    source = path.read_text("utf-8")
    page = Tags()
    page.feed(source)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert [tag for tag, _ in page.tags].count("video") == 11
    assert "<script>alert(1)</script>" in page.text
    assert "boats & <ships>" in page.text
    for _, attributes in page.tags:
        for name in ("src", "href", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:")
    assert not re.search(r"https?://", source)
    assert "default-src 'none'" in source


def test_the_table_opens_in_spreadsheets_and_runs_nothing(tmp_path):
    from seedance_widgets.sweep.export import write_table

    rows = [{"cell": 0, "note": "=1+1", "motion": 0.5}, {"cell": 1, "note": "grün, 好", "error": "@x", "price": -1}]
    path = write_table(rows, tmp_path / "rows.csv", overwrite=False)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        read = list(csv.DictReader(file))
    assert read[0] == {"cell": "0", "note": "'=1+1", "motion": "0.5", "error": "", "price": ""}
    assert read[1] == {"cell": "1", "note": "grün, 好", "motion": "", "error": "'@x", "price": "-1"}


@pytest.mark.parametrize("suffix", [".png", ".mp4", ".html", ".csv"])
def test_no_file_is_replaced_by_accident_and_none_is_left_in_pieces(grid, suffix, tmp_path):
    path = tmp_path / f"grid{suffix}"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        export(grid, path)
    assert path.read_text() == "mine"
    export(grid, path, overwrite=True)
    assert path.stat().st_size > 100
    with pytest.raises(StorageError, match="cannot be written"):
        export(grid, tmp_path / "nowhere" / path.name)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("name", "how", "words"),
    [
        ("grid.gif", {}, "should end in .png"),
        ("grid.csv", {"width": 100}, "no further options"),
        ("grid.png", {"width": 9000}, "take a smaller width"),
        ("grid.mp4", {"width": 4000}, "take a smaller width"),
        ("grid.png", {"width": 3}, "from 32 pixels on"),
        ("grid.png", {"times": []}, "at least one time"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_sentence(grid, tmp_path, name, how, words):
    with pytest.raises(SweepError) as caught:
        export(grid, tmp_path / name, **how)
    assert words in str(caught.value)
    assert not list(tmp_path.glob("grid*"))


def test_a_sweep_without_videos_has_no_grid_video(sim, tmp_path):
    sweep = sw.Sweep(sw.VideoRequest("a boat"), {"seed": [1]}, provider=sim.provider())
    with pytest.raises(SweepError, match="no video yet"):
        sweep.export(tmp_path / "grid.mp4")
    assert sweep.export(tmp_path / "grid.png").is_file()


async def test_measured_columns_stand_in_the_rows(sim, tmp_path):
    base = sw.VideoRequest("a boat", first_frame_url=sw.sample_image(), ratio="adaptive", resolution="480p", duration=2)
    sweep = sw.Sweep(base, {"seed": [1, 2]}, provider=sim.provider())
    await sweep.run()
    Path(sweep[1].video.path).unlink()
    sweep.measure()
    assert sweep[0].row()["first_frame_psnr"] > 30
    assert "no longer at" in sweep[1].row()["measure_error"]
    assert sweep.export(tmp_path / "sheet.png").is_file()
    assert list(sweep.to_pandas()["motion"].notna()) == [True, False]
