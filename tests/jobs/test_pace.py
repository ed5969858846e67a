import asyncio

import pytest

from seedance_widgets.jobs.pace import Gate, Pace
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
    async with pace.turn("1.0-pro", "720p"):
        pass
    assert not await is_free(pace)
    pace.leave_place()
    assert await is_free(pace)
    with pytest.raises(ZeroDivisionError):
        async with pace.turn("1.0-pro", "720p"):
            _ = 1 / 0
    assert await is_free(pace)


async def is_free(pace, **gate):
    """Whether a call may be made; where it may, its task has left the queue again."""
    try:
        async with asyncio.timeout(0.05), pace.turn("1.0-pro", "720p", **gate):
            pass
    except TimeoutError:
        return False
    pace.leave_place()
    return True


async def test_what_a_shut_gate_holds_back_keeps_nobody_else_from_its_turn():
    gate = Gate(asyncio.get_running_loop())
    pace = Pace(Limits(max_queued=1))
    pace.pause(0.1)
    entered = asyncio.Event()

    async def one():
        async with pace.turn("1.0-pro", "720p", gate):
            entered.set()
        pace.leave_place()

    held = asyncio.ensure_future(one())
    await asyncio.sleep(0)  # it has its place, and waits for the pause to be over
    gate.shut()
    async with asyncio.timeout(5), pace.turn("1.0-pro", "720p"):
        assert not entered.is_set()
    pace.leave_place()
    assert not await is_free(pace, gate=gate)
    await asyncio.to_thread(gate.open)
    await asyncio.wait_for(held, 5)
