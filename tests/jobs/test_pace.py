import asyncio

import pytest

from seedance_widgets.jobs.pace import Pace
from seedance_widgets.providers.base import Limits


async def test_no_window_holds_more_calls_than_the_published_rate():
    # 4k of 2.0 takes 15 a minute; at this speed a minute is 0.1 s.
    pace = Pace(Limits(speed=600))
    loop = asyncio.get_running_loop()
    spans = []

    async def one() -> None:
        async with pace.turn("2.0", "4k"):
            began = loop.time()
            await asyncio.sleep(0.001)
            spans.append((began, loop.time()))

    await asyncio.gather(*(one() for _ in range(50)))
    starts = sorted(start for start, _ in spans)
    ends = sorted(end for _, end in spans)
    # The sixteenth call starts a whole window after the first one was answered, and so on.
    assert all(starts[i + 15] - ends[i] >= 0.1 - 1e-4 for i in range(len(spans) - 15))


async def test_rates_of_one_model_do_not_hold_up_another():
    pace = Pace(Limits(speed=1))
    for _ in range(15):
        async with pace.turn("2.0", "4k"):
            pass
    async with asyncio.timeout(1), pace.turn("1.0-pro", "720p"):
        pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), pace.turn("2.0", "4k"):
            pass


async def test_a_pause_holds_for_every_model():
    pace = Pace(Limits())
    loop = asyncio.get_running_loop()
    began = loop.time()
    pace.pause(0.1)
    async with pace.turn("1.0-pro", "720p"):
        assert loop.time() - began >= 0.1


async def test_places_in_the_queue_are_given_back():
    pace = Pace(Limits(max_queued=1))
    await pace.take_place()
    waiting = asyncio.ensure_future(pace.take_place())
    await asyncio.sleep(0)
    assert not waiting.done()
    pace.leave_place()
    await asyncio.wait_for(waiting, 1)
