"""What is written of a grid: each picture in its place, right sizes and lengths, and text that is only text."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import seedance_widgets as sw
from seedance_widgets.errors import StorageError, SweepError
from seedance_widgets.storyboard import join
from seedance_widgets.sweep.columns import MEASURED, OWN
from seedance_widgets.sweep.contact import fitted, plan_sheet, small_sheet
from seedance_widgets.sweep.sheets import sheets_of
from tests.sweep.sweeps import sweep_of
from tests.sweep.test_measure import film

RED, BLUE = (200, 30, 30), (30, 40, 200)
HOSTILE = "<script>alert(1)</script>"


def colour_in(picture, box):
    """The colour in the middle of a box."""
    left, top, right, bottom = box
    return np.asarray(picture.convert("RGB"))[(top + bottom) // 2, (left + right) // 2].astype(int)


def looks_like(picture, box, video, seconds=0.0):
    """Whether a box holds this video's picture, and not another one's."""
    shown = np.asarray(picture.convert("RGB").crop(box)).astype(int)
    wanted = fitted(video.frame(seconds), (box[2] - box[0], box[3] - box[1]))
    return np.abs(shown - np.asarray(wanted).astype(int)).mean() < 6


@pytest.fixture
async def grid(sim):
    """A sweep of two rows, two columns and two pages; one cell of each page was not made."""
    base = sw.VideoRequest("a {mood} boat", resolution="480p", duration=2)
    axes = {"seed": [1, 2], "mood": ["calm", HOSTILE], "duration": [2, 3]}
    sweep = sw.Sweep(base, axes, provider=sim.provider(), name="boats & <ships>")
    await sweep.run([cell for cell in sweep if cell.values["seed"] == 1 or cell.values["mood"] == "calm"])
    assert len(sweep.videos) == 6
    return sweep


async def test_the_contact_sheet_has_each_picture_in_its_place(grid, tmp_path):
    picture = Image.open(grid.export(tmp_path / "sheet.png", width=120, times=[0.0]))
    top, checked = 0, 0
    for sheet in sheets_of(grid.cells, grid.layout):
        plan = plan_sheet(sheet, 120)
        for tile in sheet.tiles:
            left, high, right, low = plan.box(tile.row, tile.column)
            box = (left, top + high, right, top + low)
            if tile.video is None:
                assert "planned" in tile.words
                corner = (left, top + low - 10, left + 10, top + low)  # below its words
                assert np.abs(colour_in(picture, corner) - (228, 231, 235)).max() < 5
            else:
                # The two lengths of one seed and mood begin alike; nothing else does.
                alike = {video.path for video in grid.videos if looks_like(picture, box, video)}
                values = {"seed": tile.column + 1, "mood": ["calm", HOSTILE][tile.row]}
                assert alike == {cell.video.path for cell in grid[values]}
                cell = grid[{"seed": tile.column + 1, "mood": ["calm", HOSTILE][tile.row], "duration": 3 if top else 2}]
                assert cell.video == tile.video
            checked += 1
        top += plan.size[1]
    assert checked == 8
    assert picture.height == top


def test_a_sheet_at_several_times_holds_the_last_frame_past_the_end(tmp_path):
    pictures = [Image.new("RGB", (320, 192), colour) for colour in (RED, BLUE) for _ in range(12)]
    comparison = sw.compare(film(tmp_path / "two.mp4", pictures))
    picture = Image.open(comparison.export(tmp_path / "sheet.png", width=100, times=[0, 0.9, 60]))
    (sheet,) = sheets_of(comparison.cells, comparison.layout)
    plan = plan_sheet(sheet, 100, 3)
    for shot, colour in enumerate((RED, BLUE, BLUE)):
        assert np.abs(colour_in(picture, plan.box(0, 0, shot)) - colour).max() < 40


async def test_the_grid_video_has_the_right_size_and_length_and_each_video_in_its_place(grid, tmp_path):
    told = []
    path = grid.export(tmp_path / "grid.mp4", width=160, on_frame=lambda n, of: told.append((n, of)))
    plans = [(sheet, plan_sheet(sheet, 160)) for sheet in sheets_of(grid.cells, grid.layout)]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (max(p.size[0] for _, p in plans), sum(p.size[1] for _, p in plans))
        frames = [frame.to_image() for frame in container.decode(stream)]
        assert float(stream.average_rate) == 24
        assert not container.streams.audio
    assert len(frames) == max(video.frames for video in grid.videos) == 73
    assert told[-1] == (73, 73)
    for number in (0, 40, 72):
        top = 0
        for sheet, plan in plans:
            for tile in sheet.tiles:
                left, high, right, low = plan.box(tile.row, tile.column)
                if tile.video is not None:
                    seconds = min(number / 24, tile.video.duration)
                    assert looks_like(frames[number], (left, top + high, right, top + low), tile.video, seconds)
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


async def test_the_page_holds_everything_and_its_texts_are_only_text(grid, tmp_path):
    path = grid.export(tmp_path / "page.html")
    source = path.read_text("utf-8")
    page = Tags()
    page.feed(source)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert [tag for tag, _ in page.tags].count("video") == 6
    assert HOSTILE in page.text
    assert "boats & <ships>" in page.text
    for _, attributes in page.tags:
        for name in ("src", "href", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:")
    assert not re.search(r"https?://", source)
    assert "default-src 'none'" in source


async def test_the_facts_of_the_page_are_written_for_people_and_those_of_the_table_as_they_are(sim, tmp_path):
    sweep = sweep_of(sim, {"duration": [2, 99]})
    await sweep.run()
    sweep[0].star = True
    measured = {"motion": 0.012345678, "first_frame_psnr": 31.98765, "sharpness": 12345.6789}
    sweep.book.measured[str(sweep[0].video.path)] = measured
    page = sweep.export(tmp_path / "page.html").read_text("utf-8")
    facts = page[page.index('class="facts"') :]
    for words in ("<td>0.01235</td>", "<td>31.99</td>", "<td>12350</td>", "<td>★</td>", "<td>done</td>"):
        assert words in facts
    assert "<td>not possible</td>" in facts
    assert not {"True", "invalid", "succeeded"} & set(re.findall(r"<td>(\w+)</td>", facts))
    with sweep.export(tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["motion"], first["star"], first["state"]) == ("0.012345678", "True", "succeeded")
    assert second["state"] == "invalid"


def test_the_table_opens_in_spreadsheets_and_runs_nothing(tmp_path):
    from seedance_widgets.sweep.export import write_table

    rows = [{"cell": 0, "note": "=1+1", "motion": 0.5}, {"cell": 1, "note": "grün, 好", "error": "@x", "price": -1}]
    path = write_table(rows, tmp_path / "rows.csv", overwrite=False)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        read = list(csv.DictReader(file))
    assert read[0] == {"cell": "0", "note": "'=1+1", "motion": "0.5", "error": "", "price": ""}
    assert read[1] == {"cell": "1", "note": "grün, 好", "motion": "", "error": "'@x", "price": "-1"}


async def test_no_file_is_replaced_by_accident_and_none_is_left_in_pieces(grid, tmp_path):
    for suffix in (".png", ".mp4", ".html", ".csv"):
        path = tmp_path / f"grid{suffix}"
        path.write_text("mine")
        with pytest.raises(FileExistsError, match="overwrite=True"):
            grid.export(path)
        assert path.read_text() == "mine"
        grid.export(path, overwrite=True)
        assert path.stat().st_size > 100
        with pytest.raises(StorageError, match="cannot be written"):
            grid.export(tmp_path / "nowhere" / path.name)
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
        ("grid.png", {"times": 5}, "a list of seconds, such as times=[0, 2.5]"),
        ("grid.png", {"times": "ab"}, "a list of seconds"),
        ("grid.png", {"times": [float("nan")]}, "a list of seconds"),
        ("grid.png", {"width": "a"}, "a width from 32 pixels on, not 'a'"),
        *[
            ("grid.mp4", {"width": width}, "a grid video needs a width from 32 pixels on")
            for width in (0, 1, -4, "a", 2.5, True, None)
        ],
    ],
)
def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path, name, how, words):
    comparison = sw.compare(*[film(tmp_path / "red.mp4", [Image.new("RGB", (320, 192), RED)] * 4)] * 4)
    with pytest.raises(SweepError) as caught:
        comparison.export(tmp_path / name, **how)
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


async def test_a_measured_column_without_a_figure_is_one_of_numbers_all_the_same(sim):
    sweep = sweep_of(sim, {"seed": [1, 2]})
    await sweep.run()
    sweep.measure()
    frame = sweep.to_pandas()
    assert frame["last_frame_psnr"].isna().all()  # there is no last frame to compare with
    assert {name: frame[name].dtype for name in MEASURED} == dict.fromkeys(MEASURED, np.dtype(float))


@pytest.mark.parametrize(
    ("axes", "left_out"),
    [
        ({"resolution": ["480p", "720p"], "seed": range(200)}, True),
        ({"seed": range(450), "resolution": ["480p", "720p"]}, True),
        ({"seed": range(20), "mood": [str(i) for i in range(10)], "resolution": ["480p", "720p"]}, False),
        ({"seed": range(3)}, False),
    ],
)
def test_a_saved_notebook_keeps_a_sheet_of_any_grid(sim, axes, left_out):
    base = sw.VideoRequest("a {mood} boat", model="1.0-pro", resolution="480p", duration=2)
    sweep = sw.Sweep(base, axes, provider=sim.provider())
    data, shown = small_sheet(sweep.cells, sweep.layout)
    picture = Image.open(io.BytesIO(data))
    assert max(picture.size) <= 4200
    assert len(data) < 500_000
    assert (shown < len(sweep)) is left_out


def test_a_video_that_is_higher_than_any_sheet_is_on_it_all_the_same(tmp_path):
    video = film(tmp_path / "tall.mp4", [Image.new("RGB", (16, 1000), RED)] * 4)
    comparison = sw.compare(video, video)
    data, shown = small_sheet(comparison.cells, comparison.layout)
    assert shown == 2
    assert Image.open(io.BytesIO(data)).height > 4000


async def test_a_sheet_drawn_again_takes_the_pictures_that_it_has(sim):
    base = sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2)
    sweep = sw.Sweep(base, {"seed": [1, 2, 3]}, provider=sim.provider())
    await sweep.run(sweep.cells[:2])
    drawn = {}
    first, _ = small_sheet(sweep.cells, sweep.layout, drawn)
    assert [key[0] for key in drawn] == [cell.video for cell in sweep.cells[:2]]
    assert small_sheet(sweep.cells, sweep.layout, drawn)[0] == first == small_sheet(sweep.cells, sweep.layout)[0]
    for key, picture in drawn.items():  # so that it shows where they are taken from
        drawn[key] = Image.new("RGB", picture.size, RED)
    await sweep.run()
    gone = sweep[1].video
    gone.path.unlink()
    again = Image.open(io.BytesIO(small_sheet(sweep.cells, sweep.layout, drawn)[0]))
    plan = plan_sheet(sheets_of(sweep.cells, sweep.layout)[0], next(iter(drawn))[2][0])
    reds = [np.abs(np.asarray(again.crop(plan.box(0, i)), int) - RED).mean() < 3 for i in range(3)]
    assert reds == [True, False, False]
    assert [key[0] for key in drawn] == [sweep[0].video, sweep[2].video]


def test_every_column_of_the_table_is_known_and_none_is_an_axis(sim):
    sweep = sw.Sweep(sw.VideoRequest("a {mood} boat"), {"mood": ["calm"]}, provider=sim.provider())
    assert set(sweep.rows()[0]) == {*OWN, "mood"}


async def test_a_contact_sheet_shows_the_middle_of_each_video_unless_told(sim):
    base = sw.VideoRequest("a boat", sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)
    sweep = sw.Sweep(base, {"seed": [1, 2]}, provider=sim.provider())
    await sweep.run()
    middle, first = sweep.contact_sheet(width=160), sweep.contact_sheet(width=160, times=[0])
    plan = plan_sheet(sheets_of(sweep.cells, sweep.layout)[0], 160)
    for i, video in enumerate(sweep.videos):
        box = plan.box(0, i)
        for sheet, seconds in ((middle, video.duration / 2), (first, 0.0)):
            wanted = fitted(video.frame(seconds), plan.tile)
            assert np.abs(np.asarray(sheet.crop(box), int) - np.asarray(wanted, int)).mean() < 1
    apart = np.abs(np.asarray(middle.crop(plan.box(0, 0)), int) - np.asarray(first.crop(plan.box(0, 0)), int)).mean()
    assert apart > 2  # what happens is seen, and not the picture that was given


async def test_a_file_that_is_gone_leaves_its_place_empty_in_every_export(sim, tmp_path):
    base = sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2)
    sweep = sw.Sweep(base, {"seed": [1, 2]}, provider=sim.provider())
    await sweep.run()
    assert sweep.export(tmp_path / "before.html").is_file()  # its facts are known from here on
    sweep[0].video.path.unlink()
    for kind in ("png", "mp4", "html", "csv"):
        assert sweep.export(tmp_path / f"after.{kind}").stat().st_size > 100
    assert (tmp_path / "after.html").read_text("utf-8").count("data:video/mp4") == 1


@pytest.mark.parametrize("path", [None, 5, "a\0.png", "\ud800.png", ["a.png"]])
def test_what_no_file_can_be_called_is_a_sentence(tmp_path, path):
    video = film(tmp_path / "red.mp4", [Image.new("RGB", (320, 192), RED)] * 4)
    with pytest.raises(StorageError, match=r"no file can be called .*; give a path, such as"):
        sw.compare(video, video).export(path)
    with pytest.raises(StorageError, match="no file can be called"):
        join([sw.Video.open(video)], path)


def test_times_may_be_any_row_of_numbers(tmp_path):
    video = film(tmp_path / "red.mp4", [Image.new("RGB", (320, 192), RED)] * 4)
    assert sw.compare(video).export(tmp_path / "grid.png", times=np.array([0.0, 0.1])).is_file()


def test_a_rating_is_kept_as_a_whole_number(tmp_path):
    video = film(tmp_path / "red.mp4", [Image.new("RGB", (320, 192), RED)] * 4)
    comparison = sw.compare(video, video)
    comparison.mark(0, rating=2.0)
    assert repr(comparison.cells[0].mark.rating) == "2"
    with pytest.raises(SweepError, match="a rating is a whole number"):
        comparison.mark(0, rating=2.5)
