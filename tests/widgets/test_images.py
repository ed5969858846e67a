"""Images put into the form, taken out and put in another order; and the runs that stay in sight."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

import seedance_widgets as sw
from seedance_widgets.widgets import images
from seedance_widgets.widgets.media import Shelf
from seedance_widgets.widgets.runs import ROWS, Runs
from seedance_widgets.widgets.surface import Refused

FAST = {"resolution": "480p", "duration": 2}
MANY = "reference_image_urls"


def urls(count):
    return tuple(f"https://example.com/{number}.png" for number in range(count))


@given(st.integers(0, 6), st.integers(-3, 9), st.integers(-3, 9))
def test_another_order_loses_and_doubles_nothing(count, index, to):
    request = sw.VideoRequest("a", reference_image_urls=urls(count))
    moved = images.move(request, index, to).references
    assert sorted(moved) == sorted(request.references)
    if 0 <= index < count:
        assert moved[max(0, min(to, count - 1))] == request.references[index]


@given(st.integers(0, 6), st.one_of(st.none(), st.integers(-3, 9)))
def test_an_image_is_put_where_one_is_or_at_the_end(count, index):
    request = sw.VideoRequest("a", reference_image_urls=urls(count))
    made = images.put(request, MANY, images.reference_at(request, MANY, index), "new").references
    replaced = index is not None and 0 <= index < count
    assert len(made) == (count if replaced else count + 1)
    assert made[index if replaced else -1] == "new"


@given(st.integers(1, 6), st.data())
def test_an_image_replaces_the_one_it_was_meant_for_wherever_that_is_by_now(count, data):
    place = st.integers(0, count - 1)
    request = sw.VideoRequest("a", reference_image_urls=urls(count))
    meant = images.reference_at(request, MANY, data.draw(place))
    moved = images.move(request, data.draw(place), data.draw(place))
    made = images.put(moved, MANY, meant, "new").references
    assert made == tuple("new" if one == meant else one for one in moved.references)
    gone = images.remove(moved, MANY, moved.references.index(meant))
    assert images.put(gone, MANY, meant, "new").references == (*gone.references, "new")


@given(st.integers(0, 6), st.integers(-3, 9))
def test_one_image_is_removed_or_none(count, index):
    request = sw.VideoRequest("a", reference_image_urls=urls(count))
    left = images.remove(request, MANY, index).references
    assert left == tuple(url for place, url in enumerate(urls(count)) if place != index)


def test_a_frame_is_put_and_removed():
    request = images.put(sw.VideoRequest("a"), "last_frame_url", None, "x")
    assert request.last_frame_url == "x"
    assert images.remove(request, "last_frame_url", None).last_frame_url is None


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_typed_is_no_image(text):
    with pytest.raises(Refused, match="https://"):
        images.typed_image(text)


def test_an_address_or_path_is_taken_without_the_spaces_around_it():
    assert images.typed_image(" https://example.com/a.png \n") == "https://example.com/a.png"


async def test_earlier_videos_are_offered_the_newest_first_and_only_while_their_file_is_there(sim):
    videos = [await sw.generate_video(f"boat {number}", provider=sim.provider(), **FAST) for number in range(3)]
    videos[1].path.unlink()
    found = await asyncio.to_thread(images.recent, Shelf())
    assert [one["words"] for one in found] == ["boat 2", "boat 0"]
    image = await asyncio.to_thread(images.last_frame_of, found[0]["job"])
    assert (image.facts.width, image.facts.height) == (videos[2].width, videos[2].height)


async def test_a_job_that_there_is_none_of_is_refused(home):
    with pytest.raises(Refused, match="no-such"):
        await asyncio.to_thread(images.last_frame_of, "no-such-job")


# ------------------------------------------------------------------------------------------------------------- runs


@pytest.fixture
async def runs():
    made = Runs(lambda job: None, asyncio.get_running_loop())
    yield made
    made.stop()


async def some(sim, count, prompt="a boat"):
    asked = [sw.VideoRequest(f"{prompt} {number}", **FAST) for number in range(count)]
    return [sw.submit(request, sim.provider()) for request in asked]


async def test_the_newest_is_first_and_shown(runs, sim):
    jobs = await some(sim, 3)
    for job in jobs:
        runs.add(job)
    assert list(runs) == jobs[::-1]
    assert runs.selected == jobs[-1].id
    await asyncio.gather(*jobs)
    assert runs.finished() is jobs[-1]


async def test_the_oldest_ended_runs_make_room_and_none_that_is_under_way(runs, sim):
    (slow,) = await some(sim, 1, "slow [sim:queue=6000]")
    runs.add(slow)
    jobs = await some(sim, ROWS + 3)
    await asyncio.gather(*jobs)
    for job in jobs:
        runs.add(job)
    assert slow in runs
    assert len([job for job in runs if job.done]) == ROWS
    assert jobs[0] not in runs
    await slow.cancel()


async def test_what_a_person_watches_stays_until_they_send_another(runs, sim):
    (one,) = await some(sim, 1)
    runs.add(one)
    await one
    runs.ended(one)
    (two,) = await some(sim, 1)  # it has not ended yet when it is added: nothing is awaited between
    runs.add(two)
    assert runs.selected == one.id  # its video is being watched
    await two
    runs.ended(two)
    assert runs.selected == two.id
    (three,) = await some(sim, 1)
    runs.add(three)
    runs.select(one.id)
    await three
    runs.ended(three)
    assert runs.selected == one.id  # chosen by the person


async def test_a_run_out_of_sight_is_refused_and_another_one_is_shown(runs, sim):
    one, two = await some(sim, 2)
    await asyncio.gather(one, two)
    runs.add(one)
    runs.add(two)
    runs.put_away(two)
    assert runs.selected == one.id
    for unknown in (two.id, "", None):
        with pytest.raises(Refused, match="no run"):
            runs.get(unknown)
    runs.put_away(one)
    assert (runs.selected, runs.finished()) == ("", None)
