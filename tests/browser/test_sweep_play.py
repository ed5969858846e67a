"""The one clock of a grid: its speed, its end, and videos that are not equally long."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

import seedance_widgets as sw
from tests.browser.grid import BASE

SHORT, LONG = 49, 97  # frames

# The frame that is on show; at its end a video's time is the end of its last one.
FRAME = "(v) => Math.min(Math.floor(v.currentTime * 24), Math.round(v.duration * 24) - 1)"
# At each tick of the clock that shows another frame: when it was, which one, and what the two videos do. The clock's
# place is told by its time alone, so that no slow machine changes how many frames go by in a second of it.
WATCH = """root => {
  const frame = root.querySelector(".sw-frame");
  const number = () => Number(frame.textContent.match(/\\d+/)[0]) - 1;
  const look = (video) => ({ frame: frameOf(video), rate: video.playbackRate, paused: video.paused });
  const frameOf = FRAME;
  window.ticks = [];
  window.atTick = () => {};
  window.watching?.disconnect();
  window.watching = new MutationObserver(() => {
    const [short, long] = root.querySelectorAll(".sw-cell video");
    if (!short || !long) return;
    window.atTick(number(), short, long);
    window.ticks.push({ at: performance.now() / 1000, frame: number(), short: look(short), long: look(long) });
  });
  window.watching.observe(frame, { childList: true });
}""".replace("FRAME", FRAME)
ALL = "root => [...root.querySelectorAll('.sw-cell video')].every((v) => %s)"
FRAMES = f"root => [...root.querySelectorAll('.sw-cell video')].map({FRAME})"


class Two:
    """A grid of a short and a long video."""

    def __init__(self, stage, grid) -> None:
        self.stage = stage
        self.grid = grid
        self.frame = grid.root.locator(".sw-frame")

    async def watch(self, at_tick="() => {}"):
        """From here on; `at_tick(frame, short, long)` may meddle with the videos."""
        await self.grid.root.evaluate(WATCH)
        await self.stage.js(f"() => {{ window.atTick = {at_tick}; }}")

    async def ticks(self, *, first=0, last=LONG - 1):
        return [tick for tick in await self.stage.js("() => window.ticks") if first <= tick["frame"] <= last]

    async def speed(self, value):
        await self.grid.root.get_by_role("combobox", name="Speed").select_option(value)

    async def play(self, *, frame, speed):
        await self.grid.root.locator(".sw-shared-scrub").fill(str(frame))
        await self.speed(speed)
        await self.grid.button("Play all").click()

    async def comes_to(self, frame):
        await self.stage.until_js(f"one => Number(one.textContent.match(/\\d+/)[0]) > {frame}", self.frame)

    async def stands(self):
        await expect(self.grid.button("Play all")).to_be_visible()
        await self.stage.until_js(ALL % "v.paused && !v.seeking", self.grid.root)
        return await self.grid.root.evaluate(FRAMES)


def keeps(ticks, speed):
    """Whether the clock goes at this speed, from when it told which frame.

    A busy page tells late, and never early: what counts is the earliest of each half of the ticks.
    """
    rate = 24 * speed
    begun = [tick["at"] - tick["frame"] / rate for tick in ticks]
    middle = len(begun) // 2
    return abs(min(begun[:middle]) - min(begun[middle:])) < 1.5 / rate


def test_another_speed_is_told_from_this_one():
    ticks = [{"at": frame / 48, "frame": frame} for frame in range(26, LONG - 1)]
    assert keeps(ticks, 2)
    assert not keeps(ticks, 1.8)
    assert not keeps(ticks, 2.2)


async def of_two_lengths(open_grid, sim, stage):
    jobs = [sw.submit(BASE.replace(duration=seconds), sim.provider()) for seconds in (2, 4)]
    videos = await asyncio.gather(*jobs)
    assert [video.frames for video in videos] == [SHORT, LONG]
    grid = await open_grid(sw.compare(*videos, labels=["short", "long"]))
    await expect(grid.videos).to_have_count(2, timeout=30_000)
    return Two(stage, grid)


async def test_the_speed_is_that_of_every_video_and_without_the_loop_all_stop_at_the_end(open_grid, sim, stage):
    two = await of_two_lengths(open_grid, sim, stage)
    await two.watch()
    await two.grid.button("Loop").click()
    await expect(two.grid.button("Loop")).to_have_attribute("aria-pressed", "false")
    await two.play(frame=24, speed="2")
    assert await two.stands() == [SHORT - 1, LONG - 1]
    await expect(two.frame).to_have_text(f"frame {LONG}")
    ticks = await two.ticks(first=26, last=LONG - 2)  # the last frame is told when the clock is past it
    assert keeps(ticks, 2)
    # One that is behind or ahead runs faster or slower by a quarter at most.
    assert all(1.49 <= tick[name]["rate"] <= 2.51 for tick in ticks for name in ("short", "long"))
    # From the last frame it begins anew, and a speed that is chosen meanwhile holds from there on.
    await two.play(frame=LONG - 1, speed="0.5")
    await stage.until_js(ALL % "!v.paused", two.grid.root)
    await two.speed("0.25")
    await stage.until_js(ALL % "v.playbackRate > 0.18 && v.playbackRate < 0.32", two.grid.root)
    # One that has fallen behind catches up.
    put = "if (frame > 4 && !window.put) { window.put = frame; long.currentTime = (frame - 3) / 24; }"
    await two.watch(f"(frame, short, long) => {{ {put} }}")
    await two.comes_to(8)  # a second and more at that speed
    await two.speed("1")
    even = f"tick.frame > window.put + 1 && tick.frame < {LONG - 3} && tick.long.frame === tick.frame"
    await stage.until_js(f"() => window.put && window.ticks.some((tick) => {even})", two.frame)
    # And the other speed made the clock jump nowhere. A tick is told late, and never early: each is held against the
    # earliest of the few before it.
    begun = [tick["at"] - tick["frame"] / 24 for tick in await two.ticks()]
    assert all(min(begun[i - 3 : i]) - begun[i] <= 1.5 / 24 for i in range(3, len(begun)))


async def test_a_shorter_video_holds_its_last_frame_until_the_longest_has_ended(open_grid, sim, stage):
    two = await of_two_lengths(open_grid, sim, stage)
    holds = {"frame": SHORT - 1, "paused": True}

    async def held(first, last):
        ticks = await two.ticks(first=first, last=last)
        assert ticks
        for tick in ticks:
            assert {name: tick["short"][name] for name in holds} == holds, tick
        return ticks

    # The short one is ahead, and at its end before the clock is: it does not begin anew.
    put = "if (frame >= 45 && frame < 48 && !window.put) { window.put = true; short.currentTime = %s; }"
    watch = "if (window.put) short.onplay = () => (window.anew = true);"
    await two.watch(f"(frame, short, long) => {{ {put % 'short.duration'} {watch} }}")
    await two.play(frame=43, speed="0.25")
    await two.comes_to(51)
    assert await stage.js("() => [window.put, window.anew]") == [True, None]
    assert not any(tick["long"]["paused"] for tick in await held(50, 51))
    # It is behind, by less than what it would be set for: it holds its last frame, and not the one it had come to.
    await two.grid.button("Pause all").click()
    await stage.js("() => { window.put = false; }")
    await two.watch(f"(frame, short, long) => {{ {put % '(frame - 2.5) / 24'} }}")
    await two.play(frame=43, speed="0.25")
    await two.comes_to(52)
    assert await stage.js("() => window.put")
    await held(51, 52)
    # It comes into sight while the clock is past its end.
    await two.grid.cell(1).click()
    await stage.page.keyboard.press("s")
    await two.grid.show("starred")
    await expect(two.grid.videos).to_have_count(1)
    await two.grid.show("all")
    await expect(two.grid.videos).to_have_count(2)
    there = f"v.readyState >= 2 && !v.seeking && v.paused && ({FRAME})(v) === {SHORT - 1}"
    await stage.until_js(
        f"root => {{ const v = root.querySelector('.sw-cell video'); return {there}; }}", two.grid.root
    )
    assert not await two.ticks(last=42)  # in the same round
    # When the longest has ended, both go on from the first frame.
    await two.speed("2")
    await stage.until_js("one => Number(one.textContent.match(/\\d+/)[0]) < 40", two.frame)
    await stage.until_js(ALL % "!v.paused", two.grid.root)
