"""A sweep in Chromium: made by a press, played in step, starred, filtered, compared."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest
from playwright.async_api import expect

import seedance_widgets as sw
from tests.browser.grid import BASE


async def test_a_sweep_is_made_by_one_press_and_drawn_as_it_comes(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [11, 12, 13], "mood": ["calm", "[sim:moderation]"], "duration": [2, 99]}, name="boats")
    grid = await open_grid(sweep)
    await stage.screenshot("sweep-planned")
    await grid.button("Make 6 videos").click()
    await expect(grid.root.locator(".sw-summary")).to_have_text(
        "12 cells · 3 done · 6 not possible · 3 failed", timeout=60_000
    )
    await expect(grid.videos).to_have_count(3, timeout=30_000)
    await stage.screenshot("sweep-done")
    await stage.screenshot("sweep-done-dark")


async def twenty_four(open_grid, sweep_of, stage):
    """A grid of 24 videos that are made."""
    sweep = sweep_of({"seed": range(6), "mood": ["calm", "wild", "odd", "red"]})
    await sweep.run()
    await stage.page.set_viewport_size({"width": 1300, "height": 1000})
    await stage.width(1250)
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(24, timeout=60_000)
    return grid


VIDEOS = "root => [...root.querySelectorAll('.sw-cell video')]"
# How far apart the videos are, in frames: the clock's own frame is where the scrub bar stands.
APART = """root => {
  const times = [...root.querySelectorAll(".sw-cell video")].map((video) => video.currentTime);
  return { apart: (Math.max(...times) - Math.min(...times)) * 24, at: Math.min(...times), count: times.length };
}"""

# At each tick of the clock at which it shows another frame, for three seconds of it: which one, where every video is,
# in frames, and how many of them seek or stand still. Nothing is left out: between two rounds the clock does not tick.
TICKS = """root => new Promise((resolve) => {
  const [frame, videos, ticks] = [root.querySelector(".sw-frame"), [...root.querySelectorAll(".sw-cell video")], []];
  const began = performance.now();
  const look = (_, observer) => {
    const [at, number] = [performance.now(), Number(frame.textContent.match(/\\d+/)[0]) - 1];
    const times = videos.map((video) => video.currentTime * 24);
    ticks.push({ at, frame: number, times, idle: videos.filter((video) => video.seeking || video.paused).length });
    if (ticks.length < 72 && at < began + 8000) return;
    observer.disconnect();
    resolve(ticks);
  };
  new MutationObserver(look).observe(frame, { childList: true });
})"""


def in_step(ticks):
    """Whether the videos of most ticks are, and by how much: apart in frames, and parts of all of them."""
    apart = sorted(max(tick["times"]) - min(tick["times"]) for tick in ticks)
    off = Counter(abs(int(time) - tick["frame"]) for tick in ticks for time in tick["times"])
    middle, most = apart[len(apart) // 2], apart[int(len(apart) * 0.95)]
    same, near = off[0] / off.total(), (off[0] + off[1]) / off.total()  # as the clock's frame
    idle = sum(tick["idle"] for tick in ticks) / off.total()
    good = middle < 0.5 and most < 1.0 and same > 0.7 and near > 0.97 and idle < 0.05
    return (
        good,
        f"apart {middle:.2f}, {most:.2f}; the clock's frame {same:.3f}, or beside it {near:.3f}; idle {idle:.3f}",
    )


def starved(ticks):
    """Whether the page often had no turn for three frames, as where others are at work: no clock helps then."""
    gaps = sorted(tick["at"] - before["at"] for before, tick in pairwise(ticks))
    return gaps[int(len(gaps) * 0.95)] > 125


@pytest.mark.alone
async def test_twenty_four_cells_play_in_step(open_grid, sweep_of, stage):
    grid = await twenty_four(open_grid, sweep_of, stage)
    await grid.button("Play all").click()
    await stage.until_js(f"{VIDEOS}.every((v) => !v.paused)", grid.root)
    for _ in range(12):
        ticks = await grid.root.evaluate(TICKS)
        good, figures = in_step(ticks)
        if good or not starved(ticks):
            break
    assert good, figures
    assert any(tick["frame"] < before["frame"] for before, tick in pairwise(ticks))  # beyond the end of a round, too
    await grid.button("Pause all").click()
    await stage.until_js(
        "root => [...root.querySelectorAll('.sw-cell video')].every((v) => v.paused && !v.seeking)", grid.root
    )
    look = await grid.root.evaluate(APART)
    assert look["apart"] < 0.01
    await grid.root.locator(".sw-shared-scrub").fill("40")
    await stage.until_js(f"{VIDEOS}.every((v) => !v.seeking)", grid.root)
    look = await grid.root.evaluate(APART)
    assert int(look["at"] * 24) == 40
    assert look["apart"] < 0.01
    await stage.screenshot("sweep-24")


# Up, down and across; the last tasks end before it does.
SCROLL = """async (root) => {
  const scroller = root.querySelector(".sw-scroller");
  for (let turn = 0; turn < 40; turn += 1) {
    scroller.scrollTop = (turn % 20) * 40;
    scroller.scrollLeft = (turn % 13) * 60;
    await new Promise(requestAnimationFrame);
  }
  scroller.scrollTop = scroller.scrollHeight;
  await new Promise((resolve) => setTimeout(resolve, 500));
}"""


def tasks_of(trace):
    """The tasks of the page, in milliseconds of the processor: what others do at the same time is not counted."""
    events = json.loads(trace)["traceEvents"]
    pages = {(one["pid"], one["tid"]) for one in events if one.get("args", {}).get("name") == "CrRendererMain"}
    tasks = [one for one in events if one["name"].endswith("RunTask") and (one["pid"], one["tid"]) in pages]
    return [one["tdur"] / 1000 for one in tasks if "tdur" in one]


@pytest.mark.alone
async def test_scrolling_has_no_long_task_and_pauses_what_is_out_of_sight(open_grid, sweep_of, stage):
    grid = await twenty_four(open_grid, sweep_of, stage)
    await stage.page.set_viewport_size({"width": 560, "height": 400})
    await stage.width(520)
    await grid.button("Play all").click()
    await stage.page.context.browser.start_tracing(page=stage.page, categories=["toplevel"])
    await grid.root.evaluate(SCROLL)
    tasks = tasks_of(await stage.page.context.browser.stop_tracing())
    assert len(tasks) > 100
    assert max(tasks) <= 100
    # Only what is in sight, or close to it, holds a decoder.
    await stage.until_js(
        """root => {
          const box = root.querySelector(".sw-scroller").getBoundingClientRect();
          const near = (cell) => cell.bottom > box.top - 125 && cell.top < box.bottom + 125;
          const cells = [...root.querySelectorAll(".sw-cell")];
          return cells.every((cell) => near(cell.getBoundingClientRect()) || !cell.querySelector("video"));
        }""",
        grid.root,
    )
    count = await grid.videos.count()
    assert 0 < count < 24


async def test_videos_that_leave_while_they_load_hold_up_no_other_one(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": range(6), "mood": ["calm", "wild"]})
    await sweep.run()
    grid = await open_grid(sweep)
    show = grid.root.get_by_label("show", exact=True)
    element = await show.element_handle()
    # Each cell goes the moment its video begins to load, and comes back.
    await grid.root.evaluate(
        """async (root, show) => {
          const pick = (value) => { show.value = value; show.dispatchEvent(new Event("change")); };
          for (let turn = 0; turn < 8; turn += 1) {
            await new Promise((resolve) => {
              const there = () => root.querySelector(".sw-cell video") && (look.disconnect(), resolve());
              const look = new MutationObserver(there);
              look.observe(root, { childList: true, subtree: true });
              pick("all");
              setTimeout(() => (look.disconnect(), resolve()), 2000);
            });
            pick("starred");
          }
          pick("all");
        }""",
        element,
    )
    await expect(grid.videos).to_have_count(12, timeout=30_000)
    await stage.until_js(
        "root => [...root.querySelectorAll('.sw-cell video')].every((v) => v.readyState >= 2)", grid.root
    )


@pytest.mark.alone
async def test_after_a_preview_gave_way_all_start_at_once(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [1, 2]}, BASE.replace(resolution="720p"))
    await sweep.run(preview=True)
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(2, timeout=30_000)
    await stage.until_js(
        "root => [...root.querySelectorAll('.sw-cell video')].every((v) => v.videoHeight === 480)", grid.root
    )
    await sweep.run()
    await stage.until_js(
        "root => [...root.querySelectorAll('.sw-cell video')].every((v) => v.videoHeight === 704)", grid.root
    )
    took = await grid.root.evaluate(
        """async (root) => {
          const began = performance.now();
          root.querySelector("[aria-label='Play all']").click();
          const under = (video) => !video.paused && video.currentTime > 0.05;
          while (![...root.querySelectorAll(".sw-cell video")].every(under))
            await new Promise(requestAnimationFrame);
          return performance.now() - began;
        }"""
    )
    assert took < 1200  # a video that is gone was waited for 1.5 s


async def test_stars_ratings_notes_filter_and_blind(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [1, 2, 3], "mood": ["calm", "wild"]})
    await sweep.run()
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(6, timeout=30_000)
    await grid.cells.nth(0).click()
    await stage.page.keyboard.press("ArrowRight")
    await stage.page.keyboard.press("s")
    await stage.page.keyboard.press("4")
    await expect(grid.root.locator(".sw-cell[aria-current=true] .sw-star")).to_have_text("★")
    await stage.until(lambda: sweep[{"seed": 2, "mood": "calm"}].mark.rating == 4)
    await stage.until(lambda: [cell.words() for cell in sweep.starred] == ["seed 2 · calm"])
    await grid.root.get_by_label("Note", exact=True).fill("<b>the one</b>")
    await stage.until(lambda: sweep[{"seed": 2, "mood": "calm"}].mark.note == "<b>the one</b>")
    await grid.root.get_by_label("show", exact=True).select_option("starred")
    await expect(grid.cells).to_have_count(1)
    await expect(grid.cells).to_have_attribute("aria-label", "seed 2 · calm: Succeeded, Star, 4 of 5")
    await grid.root.get_by_label("show", exact=True).select_option("all")
    await expect(grid.root.locator(".sw-column-head")).to_have_text(["seed 1", "seed 2", "seed 3"])
    await grid.button("Swap rows and columns").click()
    await expect(grid.root.locator(".sw-column-head")).to_have_text(["calm", "wild"])
    await grid.button("Blind").click()
    await expect(grid.cells).to_have_count(6)
    assert "calm" not in await grid.root.locator(".sw-scroller").inner_text()
    names = await grid.cells.evaluate_all("cells => cells.map((cell) => cell.getAttribute('aria-label'))")
    assert all(name.startswith("#") for name in names)
    await grid.button("Blind").click()
    loaded = sw.Sweep.load(sweep.name, sweep.provider)
    assert [(cell.index, cell.mark.rating, cell.mark.note) for cell in loaded.starred] == [(2, 4, "<b>the one</b>")]


async def test_two_cells_are_compared_by_a_wipe_and_by_their_difference(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [1, 2]})
    await sweep.run()
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(2, timeout=30_000)
    await grid.button("Wipe A | B").click()
    await expect(grid.root.locator(".sw-news")).to_contain_text("Choose A and B first")
    await grid.cells.nth(0).click()
    await stage.page.keyboard.press("a")
    await stage.page.keyboard.press("ArrowRight")
    await stage.page.keyboard.press("b")
    await expect(grid.root.locator(".sw-cell-tag:not([hidden])")).to_have_text(["A", "B"])
    await grid.button("Wipe A | B").click()
    player = grid.root.locator(".sw-pair .sw-player")
    await expect(player).to_have_attribute("data-loaded", "true", timeout=30_000)
    await expect(player).to_have_attribute("data-compare", "wipe")
    await expect(player.locator(".sw-tag-a")).to_contain_text("seed 1")
    await grid.button("Difference").click()
    await expect(player).to_have_attribute("data-compare", "difference")
    assert (
        await player.locator("video").nth(1).evaluate("v => getComputedStyle(v.parentElement).mixBlendMode")
        == "difference"
    )
    await stage.screenshot("sweep-difference")
    await stage.page.keyboard.press("Escape")
    await expect(player).to_be_hidden()


async def test_a_billed_sweep_asks_with_its_price_and_only_yes_sends(open_grid, sim, stage):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": [1, 2]}, provider=provider, max_cost=5)
    grid = await open_grid(sweep)
    await grid.button("Make 2 videos").click()
    question = grid.root.get_by_role("alertdialog")
    await expect(question).to_contain_text("bills 2 videos: ¥0.60 of ¥5.00. Send them?")
    await expect(grid.button("Yes, send and pay")).to_be_focused()
    await stage.page.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    assert not [entry for entry in sim.requests if entry.method == "POST"]
    await grid.button("Make 2 videos").click()
    await expect(question).to_be_visible()
    await expect(grid.button("Yes, send and pay")).to_be_enabled()  # not at once: it must have been read
    await stage.screenshot("sweep-question")
    await grid.button("Yes, send and pay").click()
    await expect(grid.root.locator(".sw-summary")).to_have_text("2 cells · 2 done", timeout=60_000)
    await expect(grid.root.locator(".sw-money")).to_contain_text("of ¥5.00")
    assert len([entry for entry in sim.requests if entry.method == "POST"]) == 2


async def test_over_the_cap_nothing_is_sent_and_the_reason_is_told(open_grid, sim, stage):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    grid = await open_grid(sw.Sweep(BASE, {"seed": [1, 2]}, provider=provider, max_cost=0.1))
    await grid.button("Make 2 videos").click()
    await expect(grid.root.get_by_role("alert")).to_contain_text("go over max_cost, ¥0.10. Nothing was sent")
    assert not [entry for entry in sim.requests if entry.method == "POST"]


async def test_pause_plan_table_and_cancel(open_grid, sweep_of, sim, stage):
    sweep = sweep_of({"seed": range(3)}, BASE.replace(prompt="a boat [sim:run=20000]"), concurrency=1)
    grid = await open_grid(sweep)
    await grid.root.get_by_text("Plan", exact=True).click()
    await expect(grid.root.locator(".sw-total")).to_contain_text("3 cells · 3 to send")
    await expect(grid.root.locator(".sw-rows tbody tr")).to_have_count(3)
    await stage.screenshot("sweep-plan")
    await grid.root.get_by_text("Grid", exact=True).click()
    await grid.button("Make 3 videos").click()
    await expect(grid.cells.nth(0)).to_have_attribute("data-state", "running", timeout=30_000)
    await grid.button("Pause").click()
    await expect(grid.root.locator(".sw-summary")).to_contain_text("Paused")
    await stage.screenshot("sweep-running")
    await grid.button("Cancel the rest").click()
    await expect(grid.root.locator(".sw-news")).to_contain_text("2 not sent")
    sim.clock.advance(20_000)
    await expect(grid.root.locator(".sw-summary")).to_contain_text("1 done", timeout=30_000)
    await grid.root.get_by_text("Table", exact=True).click()
    await expect(grid.root.locator(".sw-rows tbody tr")).to_have_count(3)
    await grid.root.get_by_role("button", name="state").click()
    await expect(grid.root.locator(".sw-rows tbody tr").nth(0)).to_contain_text("planned")


async def test_previews_are_counted_as_such_and_the_plan_tells_what_is_done(open_grid, sweep_of, stage):
    sweep = sweep_of({"mood": ["calm", "wild", "odd"]}, BASE.replace(resolution="720p"))
    grid = await open_grid(sweep)
    summary = grid.root.locator(".sw-summary")
    await grid.button("Preview at 480p").click()
    await expect(summary).to_have_text("3 cells · 3 previews", timeout=60_000)
    await expect(grid.button("Preview at 480p")).to_be_hidden()
    await expect(grid.button("Make 3 videos")).to_be_visible()
    assert [cell.video.height for cell in sweep] == [480] * 3
    await grid.cell(1).get_by_role("button", name="Star").click()
    await grid.button("Finish 1 starred").click()
    await expect(summary).to_have_text("3 cells · 2 previews · 1 done", timeout=60_000)
    assert [cell.video.height for cell in sweep] == [480, 704, 480]
    await grid.view_of("Plan")
    await expect(grid.root.locator(".sw-total")).to_contain_text("3 cells · 2 to send · 1 done")
    await expect(grid.root.locator(".sw-rows tbody tr").nth(1).locator("td").nth(1)).to_have_text("done")


async def test_a_table_holds_no_paths_and_shows_that_it_can_be_scrolled(open_grid, sweep_of, stage):
    sweep = sweep_of({"mood": ["a calm boat on a wide and quiet sea in the morning", "wild"]})
    await sweep.run()
    sweep.measure()
    await stage.width(520)
    grid = await open_grid(sweep)
    await grid.view_of("Table")
    region = grid.root.get_by_role("region", name="Table")
    await expect(region.locator("tbody tr")).to_have_count(2)
    assert "video" not in await region.locator("th").all_inner_texts()
    assert "motion" in await region.locator("th").all_inner_texts()
    assert "video" in sweep.to_pandas().columns
    await stage.screenshot("sweep-table")
    # Scrolled to its end, it still says which cell a row is of.
    assert await region.evaluate("one => one.scrollWidth > one.clientWidth")
    await region.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    first, last = region.locator("tbody tr").first.locator("td").first, region.locator("th").last
    await expect(last).to_be_in_viewport(ratio=0.99)  # widths are no whole pixels
    box, frame = await first.bounding_box(), await region.bounding_box()
    assert frame["x"] <= box["x"] < frame["x"] + 2
    assert await first.evaluate("""one => {
      const box = one.getBoundingClientRect();
      return one.contains(one.getRootNode().elementFromPoint(box.right - 4, box.top + box.height / 2));
    }""")
    await stage.screenshot("sweep-table-end")


async def test_compare_shows_any_videos_in_the_same_grid(open_grid, sim, stage):
    one = await sw.generate_video("a boat", resolution="480p", duration=2, seed=1, provider=sim.provider())
    two = await sw.generate_video("a boat", resolution="480p", duration=2, seed=2, provider=sim.provider())
    grid = await open_grid(sw.compare(one, two.path, labels=["before", "<i>after</i>"]), lang="zh")
    await expect(grid.videos).to_have_count(2, timeout=30_000)
    await expect(grid.root.locator(".sw-cell-caption")).to_have_text(["before", "<i>after</i>"])
    await expect(grid.root.locator(".sw-title")).to_have_text("对比")
    await stage.screenshot("compare-zh")


async def test_what_is_exported_by_a_press_opens_and_is_right(open_grid, sweep_of, stage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep = sweep_of({"seed": [11, 12, 13], "mood": ["calm", "wild"]}, name="boats")
    await sweep.run()
    grid = await open_grid(sweep)
    for kind, suffix in (
        ("Contact sheet (PNG)", "png"),
        ("Grid video (MP4)", "mp4"),
        ("Page with the videos (HTML)", "html"),
        ("Table (CSV)", "csv"),
    ):
        await grid.button("Export").click()
        await grid.button(kind).click()
        await expect(grid.root.locator(".sw-news")).to_contain_text(f"Written: boats.{suffix}", timeout=60_000)
    page = await stage.page.context.new_page()
    try:
        # The grid video plays, for as long as its cells do.
        await page.goto((tmp_path / "boats.mp4").as_uri())
        await page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
        assert abs(await page.locator("video").evaluate("v => v.duration") - sweep[0].video.duration) < 0.05
        # The sheet is a picture, wide enough for three.
        await page.goto((tmp_path / "boats.png").as_uri())
        wide, high = await page.locator("img").evaluate("image => [image.naturalWidth, image.naturalHeight]")
        assert wide > high > 300
        # The page plays by itself, all at the same time, and asks nobody for anything.
        asked = []
        page.on("request", lambda request: asked.append(request.url[:40]))
        await page.goto((tmp_path / "boats.html").as_uri())
        await expect(page.locator("video")).to_have_count(6)
        await page.get_by_role("button", name="Play").first.click()
        playing = "video => video.readyState >= 2 && video.currentTime > 0.3"
        await page.wait_for_function(f"() => [...document.querySelectorAll('video')].every({playing})")
        assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    finally:
        await page.close()
    table = (tmp_path / "boats.csv").read_text("utf-8-sig").splitlines()
    assert len(table) == 7
