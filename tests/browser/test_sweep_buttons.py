"""The buttons of a grid, pressed, with a sweep on the simulator behind them."""

from __future__ import annotations

import ast
from collections import Counter

from playwright.async_api import expect

import seedance_widgets as sw
from tests.browser.grid import BASE
from tests.sweep.sweeps import creates


def summary(grid):
    return grid.root.locator(".sw-summary")


async def test_what_is_held_up_goes_on_and_what_failed_is_sent_again(open_grid, sweep_of, sim, stage):
    sweep = sweep_of({"mood": ["[sim:run=20000]", "[sim:500]", "[sim:500=2]"]}, concurrency=1)
    grid = await open_grid(sweep)
    signs, words = grid.root.locator(".sw-cell-sign"), grid.root.locator(".sw-cell-word")
    await expect(signs).to_have_text(["○"] * 3)
    await grid.button("Make 3 videos").click()
    await expect(signs).to_have_text(["◑", "◔", "◔"])
    await expect(words).to_have_text(["Rendering", "Waiting for its turn", "Waiting for its turn"])
    await grid.button("Pause").click()
    await expect(summary(grid)).to_contain_text("Paused: nothing more is sent · 3 cells · ")
    await expect(grid.cell(0).locator(".sw-cell-line")).to_have_text("takes longer than usual")
    sim.clock.advance(20_000)
    await stage.until(lambda: sweep[0].state == "succeeded")
    await expect(summary(grid)).to_contain_text("1 done")
    await expect(signs.nth(1)).to_have_text("◔")
    assert len(creates(sim)) == 1
    await grid.button("Go on").click()
    await expect(summary(grid)).to_have_text("3 cells · 1 done · 2 failed")
    await expect(grid.button("Pause")).to_be_hidden()
    await expect(signs.nth(1)).to_have_text("✕")
    # One alone, which fails again, and then all that failed.
    await grid.cell(2).click()
    await expect(grid.detail.locator(".sw-trouble")).to_contain_text("internal error")
    retry = grid.detail.get_by_role("button", name="Retry", exact=True)
    await retry.click()
    await stage.until(lambda: len(creates(sim)) == 4)
    await grid.button("Retry 2 failed").click()
    await expect(summary(grid)).to_have_text("3 cells · 3 done")
    await expect(retry).to_be_hidden()
    sent = Counter(entry.body["content"][0]["text"] for entry in creates(sim))
    assert [sent[cell.request.prompt] for cell in sweep] == [1, 2, 3]


async def test_one_cell_is_cancelled_and_the_others_go_on(open_grid, sweep_of, sim):
    sweep = sweep_of({"mood": ["[sim:queue=6000]", "calm", "wild"]}, concurrency=1)
    grid = await open_grid(sweep)
    cancel, news = grid.detail.get_by_role("button", name="Cancel", exact=True), grid.root.locator(".sw-news")
    await expect(cancel).to_be_hidden()
    await grid.button("Make 3 videos").click()
    await expect(grid.cell(0)).to_have_attribute("data-state", "queued")
    await grid.cell(2).click()
    await cancel.click()
    await expect(news).to_contain_text("1 not sent")
    await expect(grid.cell(2)).to_have_attribute("data-state", "planned")
    await expect(cancel).to_be_hidden()
    await grid.cell(0).click()
    await cancel.click()
    await expect(news).to_contain_text("1 cancelled in the queue")
    await expect(grid.cell(0)).to_have_attribute("data-state", "cancelled")
    await expect(grid.cell(0).locator(".sw-cell-sign")).to_have_text("⊘")
    await expect(grid.cell(1)).to_have_attribute("data-state", "succeeded")
    await expect(grid.cell(2)).to_have_attribute("data-state", "planned")
    assert [cell.state for cell in sweep] == ["cancelled", "succeeded", "planned"]
    assert len(creates(sim)) == 2


async def executed(code):
    """Run it as a cell does; the names that it leaves."""
    names: dict = {}
    made = eval(compile(code, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if made is not None:
        await made
    return names


async def test_a_cell_is_measured_and_its_request_goes_on_in_the_next_cell(
    open_grid, sweep_of, sim, stage, monkeypatch
):
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.ark_base_url)  # what a cell takes that says nothing
    sweep = sweep_of({"mood": ["calm", 'it\'s "wild"\n']}, BASE.replace(first_frame_url=sw.sample_image(), seed=7))
    await sweep.run(1)
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(1)
    figures = grid.root.locator(".sw-cell-metrics")
    await expect(figures).to_have_text(["", ""])
    await grid.button("Measure").click()
    news = grid.root.locator(".sw-news")
    await expect(news).to_contain_text("Measured 1 video")
    row = sweep[1].row()
    await expect(figures).to_have_text(["", f"motion {row['motion']:.2g} · PSNR {row['first_frame_psnr']:.1f}"])
    await expect(figures.nth(1)).to_be_visible()
    await expect(grid.button("Measure")).to_be_hidden()

    await stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await grid.cell(1).click()

    async def copied(name):
        await grid.button(name).click()
        await expect(news).to_contain_text("Copied: paste it into a cell")
        await news.get_by_role("button", name="Close").click()
        return await stage.js("() => navigator.clipboard.readText()")

    # It makes the very request, here and at the provider.
    names = await executed(await copied("Copy request"))
    assert names["video"].request == sweep[1].request
    assert names["video"].frames == sweep[1].video.frames
    first, second = [entry.body for entry in creates(sim)]
    assert first == second
    names = await executed(await copied("Copy as new base"))
    assert names["base"].content_hash == sweep[1].request.content_hash
    assert names["sweep"].base == names["base"]
    assert [cell.request.seed for cell in names["sweep"]] == [0, 1, 2]
    assert {cell.request.prompt for cell in names["sweep"]} == {sweep[1].request.prompt}
    assert names["sweep"].plan().counts == {"send": 3}


async def test_rows_and_columns_are_chosen_and_what_is_not_possible_is_grey(open_grid, sweep_of, stage):
    axes = {"seed": [1, 2], "mood": ["calm", "wild"], "duration": [2, 99]}
    grid = await open_grid(sweep_of(axes))
    rows, columns = (grid.root.get_by_label(name, exact=True) for name in ("rows", "columns"))
    across, down = grid.root.locator(".sw-column-head"), grid.root.locator(".sw-row-head")
    pages = grid.root.locator(".sw-pages")
    await expect(across).to_have_text(["seed 1", "seed 2"])
    await expect(down).to_have_text(["calm", "wild"])
    await expect(grid.root.locator(".sw-cell[data-state=invalid]")).to_have_count(0)
    await rows.select_option(label="duration")
    await expect(across).to_have_text(["seed 1", "seed 2"])
    await expect(down).to_have_text(["duration 2", "duration 99"])
    names = await grid.cells.evaluate_all("cells => cells.map((cell) => cell.getAttribute('aria-label'))")
    assert [name.partition(":")[0] for name in names] == [
        f"seed {seed} · calm · duration {seconds}" for seconds in (2, 99) for seed in (1, 2)
    ]
    # One axis is never both: the other one gives way.
    await columns.select_option(label="duration")
    await expect(across).to_have_text(["duration 2", "duration 99"])
    await expect(down).to_have_text(["seed 1", "seed 2"])
    await pages.get_by_text("wild").click()
    await expect(grid.cells).to_have_count(4)
    await rows.select_option(label="none")
    await expect(grid.cells).to_have_count(2)

    possible, not_possible = grid.cells.nth(0), grid.cells.nth(1)
    await expect(not_possible).to_have_attribute("data-state", "invalid")
    await expect(not_possible.locator(".sw-cell-sign")).to_have_text("⊘")
    await expect(not_possible.locator(".sw-cell-word")).to_have_text("Not possible")
    await expect(not_possible).to_have_css("opacity", "0.75")
    await expect(possible).to_have_css("opacity", "1")
    await grid.view_of("Plan")
    lines = grid.root.locator(".sw-rows tbody tr")
    await expect(lines).to_have_count(8)
    looks = "rows => rows.map((row) => [row.hasAttribute('data-dim'), getComputedStyle(row).color])"
    colours = await lines.evaluate_all(looks)
    assert [dim for dim, _ in colours] == [False, True] * 4
    assert colours[0][1] != colours[1][1]
