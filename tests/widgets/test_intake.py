"""Images that come in pieces: whatever arrives, in whatever order, an image is whole or it is not there."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedance_widgets.catalog import rules
from seedance_widgets.widgets import intake as module
from seedance_widgets.widgets.intake import Intake, plain_name
from seedance_widgets.widgets.surface import Refused

SLOT = "first_frame_url"


class Told:
    """Counts how often something has changed."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def taken(told):
    return Intake(told)


async def send(taken, data, *, pieces, upload="u", begin=True, name="a.png"):
    if begin:
        taken.begin(upload, name, len(data), slot=SLOT, instead_of=None)
    arrived = None
    for start, end in pieces:
        _, arrived = await taken.chunk(upload, start, data[start:end])
    return arrived


async def test_the_pieces_make_the_image(taken, told, png):
    half = len(png) // 2
    arrived = await send(taken, png, pieces=[(0, half), (half, len(png))])
    assert (arrived.slot, arrived.instead_of, arrived.image.data, arrived.image.name) == (SLOT, None, png, "a.png")
    assert taken.pending == ()
    assert told.count == 1  # the end is told by who has put it into its slot


async def test_how_much_is_here_is_answered(taken, png):
    taken.begin("u", "a.png", len(png), slot=SLOT, instead_of=None)
    assert await taken.chunk("u", 0, png[:10]) == (10, None)
    assert [one.received for one in taken.pending] == [10]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_pieces_that_overlap_or_come_twice_make_the_same_image(data):
    content = data.draw(st.binary(min_size=1, max_size=200))
    ends = sorted(data.draw(st.sets(st.integers(1, len(content)), max_size=6)) | {len(content)})
    pieces, before = [], 0
    for end in ends:
        start = data.draw(st.integers(0, before))
        pieces += [(start, end)] * (1 if end == len(content) else data.draw(st.integers(1, 2)))
        before = end

    async def run():
        return await send(Intake(lambda: None), content, pieces=pieces)

    assert asyncio.run(run()).image.data == content


@pytest.mark.parametrize("piece", [(5, 10), (-1, 3)])
async def test_a_gap_is_said(taken, png, piece):
    taken.begin("u", "a.png", len(png), slot=SLOT, instead_of=None)
    with pytest.raises(Refused, match="gap"):
        await taken.chunk("u", piece[0], png[:5])


async def test_more_than_was_announced_is_refused(taken):
    taken.begin("u", "a.png", 3, slot=SLOT, instead_of=None)
    with pytest.raises(Refused, match="gap"):
        await taken.chunk("u", 0, b"more")


@pytest.mark.parametrize("size", [0, -1, rules().images.max_bytes, 10**15])
async def test_a_size_that_no_provider_takes_is_refused_before_a_byte_comes(taken, size):
    with pytest.raises(Refused):
        taken.begin("u", "a.png", size, slot=SLOT, instead_of=None)
    assert taken.pending == ()


async def test_what_was_given_up_takes_nothing_any_more(taken, png):
    taken.begin("u", "a.png", len(png), slot=SLOT, instead_of=None)
    taken.abort("u")
    with pytest.raises(Refused, match="given up"):
        await taken.chunk("u", 0, png)
    taken.abort("u")  # twice is once
    await taken.settled()


async def test_several_come_at_once(taken, png):
    other = png[::-1]
    taken.begin("one", "one.png", len(png), slot=SLOT, instead_of=None)
    taken.begin("two", "two.png", len(other), slot="reference_image_urls", instead_of="old")
    half = len(png) // 2
    for start, end in ((0, half), (half, len(png))):
        _, one = await taken.chunk("one", start, png[start:end])
        _, two = await taken.chunk("two", start, other[start:end])
    assert (one.image.data, two.image.data, two.instead_of) == (png, other, "old")


async def test_who_waits_goes_on_when_all_are_here(taken, png):
    taken.begin("u", "a.png", len(png), slot=SLOT, instead_of=None)
    waiting = asyncio.ensure_future(taken.settled())
    await asyncio.sleep(0)
    assert not waiting.done()
    await send(taken, png, pieces=[(0, len(png))], begin=False)
    taken.tell()
    assert await waiting is True


async def test_who_waits_is_told_that_one_was_given_up(taken, png):
    for upload in ("one", "two"):
        taken.begin(upload, "a.png", len(png), slot=SLOT)
    waiting = asyncio.ensure_future(taken.settled())
    await asyncio.sleep(0)
    taken.abort("one")
    await send(taken, png, pieces=[(0, len(png))], upload="two", begin=False)
    taken.tell()
    assert await waiting is False
    assert await taken.settled() is True  # nothing is waited for


async def test_what_has_been_left_behind_long_ago_is_let_go(taken, png, monkeypatch):
    taken.begin("old", "a.png", len(png), slot=SLOT)
    await taken.chunk("old", 0, png[:10])
    monkeypatch.setattr(module, "FORGOTTEN", -1)
    taken.begin("new", "b.png", len(png), slot=SLOT)
    with pytest.raises(Refused, match="given up"):
        await taken.chunk("old", 10, png[10:])


async def test_an_upload_that_has_stopped_moving_is_waited_for_no_longer(taken, told, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    taken.begin("u", "a.png", 100, slot=SLOT, instead_of=None)
    assert await asyncio.wait_for(taken.settled(), 10) is False
    assert taken.pending == ()
    assert told.count == 2  # the form is drawn anew: it waits no more


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("boat.png", "boat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\boat.png", "boat.png"),
        ("gnp\u202e.exe", "gnp.exe"),
        ("a\x00\nb.png", "ab.png"),
        ("", "image"),
        (" /// ", "image"),
        (None, "None"),
        ("<img src=x>.png", "<img src=x>.png"),
    ],
)
def test_a_name_is_a_line_of_text_without_folders(name, shown):
    assert plain_name(name) == shown


@given(st.text())
def test_no_name_is_longer_than_a_line_or_empty(name):
    assert 0 < len(plain_name(name)) <= 120
    assert "/" not in plain_name(name)


def test_a_long_name_keeps_its_ending():
    assert plain_name("x" * 500 + ".jpeg").endswith("….jpeg")
