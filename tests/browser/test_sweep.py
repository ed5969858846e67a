"""A sweep in Chromium: made by a press, played in step, starred, filtered, compared."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

import seedance_widgets as sw
from seedance_widgets.widgets.sweep_view import SweepView

BASE = sw.VideoRequest("a {mood} boat", model="1.0-pro", resolution="480p", duration=2)


@pytest.fixture
def sweep_of(sim):
    def of(axes, base=BASE, **options):
        return sw.Sweep(base, axes, provider=sim.provider(), **options)

    return of


class Grid:
    """The view of a sweep in the page."""

    def __init__(self, stage, view) -> None:
        self.stage = stage
        self.view = view
        self.root = view.root.locator(".sw-sweep")
        self.cells = self.root.locator(".sw-cell")
        self.videos = self.root.locator(".sw-cell video")

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    async def ready(self):
        await expect(self.root).to_have_attribute("data-ready", "true", timeout=30_000)
        return self


@pytest.fixture
async def open_grid(stage):
    async def opened(grid, **options):
        view = await stage.surface(SweepView(grid, **options))
        return await Grid(stage, view).ready()

    return opened


async def test_a_sweep_is_made_by_one_press_and_drawn_as_it_comes(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [11, 12, 13], "mood": ["calm", "[sim:moderation]"], "duration": [2, 99]}, name="boats")
    grid = await open_grid(sweep)
    await stage.screenshot("sweep-planned")
    await grid.button("Make 6 videos").click()
    await expect(grid.root.locator(".sw-summary")).to_have_text("12 cells · 3 done · 6 not possible · 3 failed", timeout=60_000)
    await expect(grid.videos).to_have_count(3, timeout=30_000)
    await stage.screenshot("sweep-done")
    await stage.screenshot("sweep-done-dark")


@pytest.fixture
async def playing(open_grid, sweep_of, stage):
    """A grid of 24 videos that are made."""
    sweep = sweep_of({"seed": range(6), "mood": ["calm", "wild", "odd", "red"]})
    await sweep.run()
    await stage.page.set_viewport_size({"width": 1300, "height": 1000})
    await stage.width(1250)
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(24, timeout=60_000)
    return grid


# How far apart the videos are, in frames: the clock's own frame is where the scrub bar stands.
APART = """root => {
  const times = [...root.querySelectorAll(".sw-cell video")].map((video) => video.currentTime);
  return { apart: (Math.max(...times) - Math.min(...times)) * 24, at: Math.min(...times), count: times.length };
}"""


async def test_twenty_four_cells_play_in_step(playing, stage):
    grid = playing
    await grid.button("Play all").click()
    await stage.until_js("root => [...root.querySelectorAll('.sw-cell video')].every((v) => !v.paused)", grid.root)
    apart = await grid.root.evaluate(
        """async (root) => {
          const looks = [];
          const videos = [...root.querySelectorAll(".sw-cell video")];
          const end = performance.now() + 3500;
          while (performance.now() < end) {
            await new Promise(requestAnimationFrame);
            const times = videos.map((video) => video.currentTime);
            if (!videos.some((video) => video.seeking || video.paused)) looks.push((Math.max(...times) - Math.min(...times)) * 24);
          }
          return looks.sort((one, other) => one - other);
        }"""
    )
    assert len(apart) > 20
    assert apart[len(apart) // 2] < 0.5, apart
    assert apart[int(len(apart) * 0.95)] < 1.0, apart[-10:]
    await grid.button("Pause all").click()
    await stage.until_js("root => [...root.querySelectorAll('.sw-cell video')].every((v) => v.paused && !v.seeking)", grid.root)
    look = await grid.root.evaluate(APART)
    assert look["apart"] < 0.01
    await grid.root.locator(".sw-shared-scrub").fill("40")
    await stage.until_js("root => [...root.querySelectorAll('.sw-cell video')].every((v) => !v.seeking)", grid.root)
    look = await grid.root.evaluate(APART)
    assert int(look["at"] * 24) == 40
    assert look["apart"] < 0.01
    await stage.screenshot("sweep-24")
