"""A grid for who hears, types, rates blindly, has a narrow window or a slow kernel."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

import seedance_widgets as sw
from tests.browser.grid import head_of, no_file, staged, state_of, video_of

# All that can be read, heard or hovered over.
TOLD = """root => [...root.querySelectorAll("*")].filter((one) => one.getClientRects().length).flatMap((one) => [
  ...[...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data),
  one.getAttribute("aria-label"), one.getAttribute("title"),
]).filter(Boolean).join(" | ")"""


def press(stage, *keys):
    async def all_of_them():
        for key in keys:
            await stage.page.keyboard.press(key)

    return all_of_them()


# ------------------------------------------------------------------------------------------------------- blindly


async def test_while_cells_are_rated_blindly_nothing_tells_which_is_which(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [71, 72], "mood": ["calm", "wild", "[sim:moderation]"]}, name="boats")
    await sweep.run()
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(4, timeout=30_000)
    await grid.cells.nth(0).click()
    await press(stage, "a", "ArrowRight", "b")
    await grid.button("Wipe A | B").click()
    await expect(grid.root.locator(".sw-pair .sw-player")).to_have_attribute("data-loaded", "true")
    assert "seed 71" in await grid.root.evaluate(TOLD)
    await grid.button("Blind").click()
    await expect(grid.cells).to_have_count(4)  # what has no video cannot be rated
    # Who chose A and B remembers what they were.
    await expect(grid.root.locator(".sw-cell-tag:not([hidden])")).to_have_count(0)
    await expect(grid.root.locator(".sw-pair")).to_be_hidden()
    await expect(grid.button("Wipe A | B")).to_have_attribute("aria-pressed", "false")
    await grid.cells.nth(0).click()
    await press(stage, "Enter")
    await expect(grid.root.locator(".sw-pair .sw-player")).to_have_attribute("data-loaded", "true")
    assert not re.search(r"seed|calm|wild|7[12]", await grid.root.evaluate(TOLD))
    await expect(grid.root.locator(".sw-pair strong").first).to_have_text("#1")
    await press(stage, "Escape", "a", "ArrowRight", "b")
    await grid.button("Wipe A | B").click()
    await expect(grid.root.locator(".sw-pair .sw-player")).to_have_attribute("data-loaded", "true")
    await grid.root.locator(".sw-cell").nth(1).click()
    await press(stage, "3")
    await expect(grid.root.locator(".sw-cell[aria-current=true] .sw-cell-rating")).to_have_text("●●●")
    told = await grid.root.evaluate(TOLD)
    assert not re.search(r"seed|calm|wild|7[12]|Copy|Studio|Plan|Table", told), told
    await expect(grid.detail.locator(".sw-detail-name")).to_have_text("#2")
    await stage.screenshot("sweep-blind")
    await grid.button("Blind").click()
    await expect(grid.detail.locator(".sw-detail-name")).to_contain_text("seed 7")
    await expect(grid.root.locator(".sw-pair strong").first).to_have_text(re.compile(r"^Wipe: seed 7. · .* and seed 7"))
    await expect(grid.button("Copy request")).to_be_visible()


async def never(**_):
    await asyncio.Event().wait()


async def test_blindly_a_preview_is_not_told_from_a_final_one(stage):
    cells = [state_of(i, state="succeeded", video=video_of(f"v{i}"), preview=i == 1) for i in range(2)]
    grid = await staged(stage, cells, ["one", "two"], picture=never, **{"media.read": never})
    await expect(grid.cell(1)).to_have_attribute("aria-label", "two: preview")
    await expect(grid.cell(1).locator(".sw-cell-caption")).to_have_text("two · preview")
    await grid.button("Blind").click()
    await expect(grid.cells).to_have_count(2)
    assert "preview" not in await grid.root.evaluate(TOLD)
    names = await grid.cells.evaluate_all("cells => cells.map((cell) => cell.getAttribute('aria-label'))")
    assert names == ["#1: Succeeded", "#2: Succeeded"]


# ------------------------------------------------------------------------------------------------ what is told


async def desk_of(stage, **answers):
    return await stage.mount(
        """
        const { createDesk } = await import("/assets/desk.js");
        const desk = createDesk(model, t);
        root.append(...desk.elements, h("button", {}, "before"));
        return desk;
        """,
        answers=answers,
        styles=("panel.css", "sweep.css"),
    )


async def test_an_error_stays_until_the_same_call_goes_well_or_somebody_closes_it(stage):
    wrong = [True]

    def save():
        if wrong[0]:
            raise ValueError("the disk is full")

    view = await desk_of(stage, save=save, poll=lambda: 1)
    alert = view.root.get_by_role("alert")
    await stage.js("() => mounted.ask('save')")
    await expect(alert).to_contain_text("the disk is full")
    await stage.js("() => mounted.ask('poll')")
    await expect(alert).to_contain_text("the disk is full")
    wrong[0] = False
    await stage.js("() => mounted.ask('save')")
    await expect(alert).to_be_hidden()
    view.model.say({"type": "words", "words": "it failed later", "trouble": True})
    await expect(alert).to_contain_text("it failed later")
    await stage.js("() => mounted.ask('save')")
    await expect(alert).to_be_visible()
    await alert.get_by_role("button", name="Close").click()
    await expect(alert).to_be_hidden()


async def test_news_can_be_closed_and_the_focus_goes_back(stage):
    view = await desk_of(stage)
    await view.root.get_by_text("before").focus()
    await stage.js("() => mounted.say('Written: boats.mp4')")
    news = view.root.locator(".sw-news")
    await expect(news).to_contain_text("Written: boats.mp4")
    await news.get_by_role("button", name="Close").click()
    await expect(news).to_be_hidden()
    await expect(view.root.get_by_text("before")).to_be_focused()


async def test_a_kernel_that_tells_how_far_it_is_is_not_waited_for(stage):
    await stage.stop_clock()
    view = await desk_of(stage, export=asyncio.Event().wait)
    late = view.root.locator(".sw-late")
    await stage.js("() => void mounted.ask('export')")
    for n in range(3):
        await stage.page.clock.run_for(3000)
        view.model.say({"type": "words", "words": f"frame {n}"})
        await expect(view.root.locator(".sw-news")).to_contain_text(f"frame {n}")
        await expect(late).to_be_hidden()
    await stage.page.clock.run_for(3000)
    view.model.update(head={})
    await stage.page.clock.run_for(3000)
    await expect(late).to_be_hidden()
    await stage.page.clock.run_for(2000)
    await expect(late).to_contain_text("Waiting for the kernel")
    view.model.say({"type": "cells", "cells": []})
    await expect(late).to_be_hidden()


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "The kernel was restarted: run this cell again"), ("zh", "内核已重启")]
)
async def test_a_kernel_that_is_gone_is_said_in_words(stage, lang, words):
    view = await stage.mount(
        """
        const { createDesk } = await import("/assets/desk.js");
        const send = () => { throw new Error("Cannot send"); };
        const desk = createDesk({ get: (name) => model.get(name), on() {}, off() {}, send }, t);
        root.append(...desk.elements);
        return desk;
        """,
        lang=lang,
    )
    assert await stage.js("() => mounted.ask('save')") is None
    await expect(view.root.get_by_role("alert")).to_contain_text(words)


async def test_only_the_counts_are_spoken_not_the_time_that_runs(stage):
    grid = await staged(stage, [state_of(0)], ["one"], head=head_of("3 cells · 1 done · 12 s to go"))
    heard = grid.root.locator("header [role=status]")
    await expect(grid.root.locator(".sw-summary")).to_have_text("3 cells · 1 done · 12 s to go")
    await expect(heard).to_have_text("3 cells · 1 done")
    grid.model.update(head=head_of("3 cells · 2 done · 11 s to go"))
    await expect(heard).to_have_text("3 cells · 2 done")


# ------------------------------------------------------------------------------------------------ what plays


async def test_videos_out_of_the_window_are_let_go_and_the_clock_stands(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [1, 2]})
    await sweep.run()
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(2, timeout=30_000)
    await grid.button("Play all").click()
    await expect(grid.button("Pause all")).to_be_visible()
    await stage.js("() => { document.querySelector('#outputs').style.paddingBottom = '5000px'; scrollTo(0, 4000); }")
    await expect(grid.videos).to_have_count(0)
    await expect(grid.button("Play all")).to_have_count(1)
    await stage.js("() => scrollTo(0, 0)")
    await expect(grid.videos).to_have_count(2)


async def test_of_more_than_can_play_those_in_sight_do_and_it_is_said(open_grid, sim, stage):
    video = await sw.generate_video("a boat", resolution="480p", duration=2, seed=1, provider=sim.provider())
    await stage.page.set_viewport_size({"width": 1300, "height": 1300})
    await stage.width(1250)
    grid = await open_grid(sw.compare(*[video] * 110, labels=[str(i) for i in range(110)]))
    crowd = grid.root.locator(".sw-crowd")
    await expect(grid.videos).to_have_count(36, timeout=60_000)
    await expect(crowd).to_have_text(re.compile(r"^36 of [456]\d in sight play$"))
    await stage.screenshot("sweep-crowd")
    await grid.root.locator(".sw-scroller").evaluate("one => { one.scrollTop = one.scrollHeight; }")
    in_sight = """root => {
      const box = root.querySelector(".sw-scroller").getBoundingClientRect();
      const playing = [...root.querySelectorAll(".sw-cell:has(video)")].map((cell) => cell.getBoundingClientRect());
      return playing.length === 36 && playing.every((one) => one.bottom > box.top && one.top < box.bottom);
    }"""
    await stage.until_js(in_sight, grid.root, timeout=60)
    await stage.page.set_viewport_size({"width": 1300, "height": 500})
    await expect(crowd).to_be_hidden()


async def test_a_file_that_has_vanished_is_said_in_its_cell_and_tried_again_later(stage):
    there = [False]

    def read(**_):
        return no_file() if not there[0] else None

    cells = [state_of(0, state="succeeded", video=video_of("a"), sign="✓"), state_of(1, star=True)]
    grid = await staged(stage, cells, ["one", "two"], **{"media.read": read})
    await expect(grid.cell(0)).to_contain_text("boat.mp4 cannot be read: no such file.")
    await expect(grid.cell(0)).to_have_attribute("aria-label", re.compile("^one: Cannot be shown, boat.mp4 cannot"))
    await stage.screenshot("sweep-vanished")
    asked = len(grid.model.of("media.read"))
    await grid.show("starred")
    await expect(grid.cells).to_have_count(1)
    await grid.show("all")
    await stage.until(lambda: len(grid.model.of("media.read")) > asked)


async def test_stepping_past_the_last_frame_stays_on_it(stage):
    await stage.mount(
        """
        const { createClock } = await import("/assets/sync.js");
        const frames = [];
        const clock = createClock({ onTick: ({ frame }) => frames.push(frame) });
        clock.setLength(49 / 24, 24);
        return { clock, last: () => frames.at(-1) };
        """
    )
    go = "by => { mounted.clock.step(by); return mounted.last(); }"
    await stage.js("() => mounted.clock.seek(48.5 / 24)")
    assert [await stage.js(go, by) for by in (1, 1, -1, 1, 1)] == [48, 48, 47, 48, 48]
    assert await stage.js("() => mounted.clock.seconds") == pytest.approx(48.5 / 24)  # the middle of the last frame
    await stage.js("() => mounted.clock.seek(99)")  # where a film that was not looped has ended
    assert await stage.js(go, -1) == 47
    await stage.js("() => mounted.clock.seek(0)")
    assert [await stage.js(go, by) for by in (-1, 1)] == [0, 1]


async def test_two_are_compared_from_the_frame_of_the_grid_on(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [1, 2]})
    await sweep.run()
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(2, timeout=30_000)
    await expect(grid.root.locator(".sw-frame")).to_have_text("frame 1")
    await grid.root.locator(".sw-shared-scrub").fill("20")
    await grid.cells.nth(0).click()
    await press(stage, "a", "ArrowRight", "b")
    await grid.button("Difference").click()
    player = grid.root.locator(".sw-pair .sw-player")
    await expect(player).to_have_attribute("data-loaded", "true")
    await expect(player.locator(".sw-player-frame")).to_have_text("frame 21 / 49")
    await stage.until_js(
        "one => [...one.querySelectorAll('video')].every((v) => Math.floor(v.currentTime * 24) === 20)", player
    )
    await expect(grid.root.get_by_role("region", name="Difference: seed 1 and seed 2")).to_be_visible()
    await expect(grid.button("Difference")).to_have_attribute("aria-pressed", "true")
    await expect(grid.button("Wipe A | B")).to_have_attribute("aria-pressed", "false")
    await grid.button("Wipe A | B").click()
    await expect(player.locator(".sw-player-frame")).to_have_text("frame 21 / 49")
    await press(stage, "Escape")
    await expect(grid.button("Wipe A | B")).to_be_focused()
    await expect(grid.button("Wipe A | B")).to_have_attribute("aria-pressed", "false")
    await grid.button("Play all").click()
    await grid.button("Wipe A | B").click()
    await expect(player).to_have_attribute("data-playing", "true")
    await expect(grid.button("Play all")).to_be_visible()


async def test_one_cell_is_shown_large_from_the_frame_of_the_grid_on(open_grid, sweep_of, stage):
    sweep = sweep_of({"seed": [1, 2, 3]})
    await sweep.run()
    grid = await open_grid(sweep)
    await expect(grid.videos).to_have_count(3, timeout=30_000)
    await grid.root.locator(".sw-shared-scrub").fill("20")
    await grid.cells.nth(0).click()
    await press(stage, "Enter")
    pair = grid.root.locator(".sw-pair")
    title = pair.locator("strong").first
    player = pair.locator(".sw-player")
    await expect(title).to_have_text("seed 1")
    await expect(player).to_be_focused()
    await expect(player).to_have_attribute("data-loaded", "true")
    await expect(player.locator(".sw-player-frame")).to_have_text("frame 21 / 49")
    await expect(player.locator(".sw-tag:not([hidden])")).to_have_count(0)
    await expect(grid.button("Wipe A | B")).to_have_attribute("aria-pressed", "false")
    await stage.screenshot("sweep-enlarged")
    await press(stage, "Escape")
    await expect(pair).to_be_hidden()
    await expect(grid.cell(0)).to_be_focused()
    await grid.cells.nth(1).dblclick()
    await expect(title).to_have_text("seed 2")
    await pair.get_by_role("button", name="Close").click()
    await expect(grid.cell(1)).to_be_focused()
    await grid.button("Enlarge").click()
    await grid.cells.nth(2).click()
    await expect(grid.detail.locator(".sw-detail-name")).to_have_text("seed 3")
    await expect(title).to_have_text("seed 2")
    await grid.button("Enlarge").click()
    await expect(title).to_have_text("seed 3")
    await press(stage, "Escape")
    await expect(grid.button("Enlarge")).to_be_focused()
    # From one alone to two, which begin where the grid stands too.
    await grid.cells.nth(0).click()
    await press(stage, "a", "ArrowRight", "b", "Enter")
    await expect(title).to_have_text("seed 2")
    await grid.button("Wipe A | B").click()
    await expect(title).to_have_text("Wipe: seed 1 and seed 2")
    await expect(player).to_have_attribute("data-compare", "wipe")
    await expect(player.locator(".sw-player-frame")).to_have_text("frame 21 / 49")
    await grid.button("Enlarge").click()
    await expect(title).to_have_text("seed 2")
    await expect(grid.button("Wipe A | B")).to_have_attribute("aria-pressed", "false")
    await expect(player.locator(".sw-wipe")).to_be_hidden()


async def test_a_cell_without_a_video_cannot_be_enlarged(stage):
    grid = await staged(stage, [state_of(0), state_of(1)], ["x", "y"])
    await grid.cells.nth(0).click()
    await press(stage, "Enter")
    await expect(grid.button("Enlarge")).to_be_hidden()
    await expect(grid.root.locator(".sw-pair")).to_be_hidden()
    await expect(grid.cell(0)).to_be_focused()


# ------------------------------------------------------------------------------------------------ what is pressed


async def test_a_planned_cell_shows_its_star_and_both_buttons(stage):
    grid = await staged(
        stage, [state_of(i) for i in range(3)], ["x", "y", "z"], head=head_of(actions={"make": 3, "finish": 0})
    )
    await grid.cells.nth(0).click()
    await press(stage, "s")
    await expect(grid.cell(0).locator(".sw-star")).to_have_text("★")
    grid.model.say({"type": "cells", "cells": [state_of(0, star=True)]})
    grid.model.update(head=head_of(actions={"make": 3, "finish": 1}))
    await expect(grid.button("Finish 1 starred")).to_be_visible()
    await expect(grid.button("Make 3 videos")).to_be_visible()
    await expect(grid.cell(1).locator(".sw-star")).to_be_hidden()
    await stage.screenshot("sweep-star-planned")


async def test_two_quick_presses_of_s_take_the_star_away_again(stage):
    grid = await staged(stage, [state_of(0), state_of(1)], ["x", "y"])
    await grid.cells.nth(0).click()
    await press(stage, "s", "s")
    await stage.until(lambda: len(grid.model.of("mark")) == 2)
    assert [mark["star"] for mark in grid.model.of("mark")] == [True, False]
    await expect(grid.cell(0)).to_have_attribute("aria-label", "x: Not sent")
    await press(stage, "s")
    grid.model.say({"type": "cells", "cells": [state_of(0), state_of(1)]})  # of the time before the press
    await stage.until(lambda: len(grid.model.of("mark")) == 3)
    await expect(grid.cell(0)).to_have_attribute("aria-label", "x: Not sent, Star")


async def test_a_mark_that_was_refused_is_taken_back(stage):
    grid = await staged(stage, [state_of(0), state_of(1)], ["x", "y"], mark=no_file)
    await grid.cells.nth(0).click()
    await press(stage, "s")
    await expect(grid.root.get_by_role("alert")).to_contain_text("no such file")
    await expect(grid.cell(0)).to_have_attribute("aria-label", "x: Not sent")


async def test_two_cells_are_tried_again_in_a_moment_but_none_twice(stage):
    cells = [state_of(i, state="failed", line="no", retry=True, trouble=True) for i in range(2)]
    grid = await staged(stage, cells, ["x", "y"], run=lambda **_: {})
    for index in (0, 0, 1):
        await grid.cell(index).get_by_text("Retry").click()
    await stage.until(lambda: len(grid.model.of("run")) == 2)
    assert [one["what"] for one in grid.model.of("run")] == ["retry 0", "retry 1"]


async def test_a_filter_looks_at_every_page(stage):
    cells = [state_of(i, star=i == 7) for i in range(8)]
    grid = await staged(stage, cells, ["a", "b"], ["c", "d"], ["e", "f"])
    await expect(grid.cells).to_have_count(4)
    await expect(grid.detail).to_be_visible()
    await grid.show("starred")
    await expect(grid.cells).to_have_count(1)
    await expect(grid.detail.locator(".sw-detail-name")).to_have_text("b · d · f")
    await expect(grid.root.locator(".sw-axes")).to_be_hidden()
    await grid.show("trouble")
    await expect(grid.root.get_by_text("No cell is like that.")).to_be_visible()
    await expect(grid.detail).to_be_hidden()


# ------------------------------------------------------------------------------------------------ the focus


async def test_the_focus_goes_to_the_nearest_cell_when_a_filter_takes_one_away(stage):
    grid = await staged(stage, [state_of(i, star=True) for i in range(4)], ["w", "x", "y", "z"])
    await grid.show("starred")
    await grid.cell(1).click()
    await press(stage, "s")
    await expect(grid.cell(2)).to_be_focused()
    await grid.show("open")
    await grid.cell(2).click()
    # Another one is done: the cell that is held stays as it is.
    done = state_of(0, state="succeeded", video=video_of("a"))
    grid.model.say({"type": "cells", "cells": [done]})
    await expect(grid.cell(0)).to_have_count(0)
    await expect(grid.cell(2)).to_be_focused()
    grid.model.say({"type": "cells", "cells": [{**done, "i": i} for i in (1, 2, 3)]})
    await expect(grid.root.locator(".sw-none")).to_be_focused()


async def test_the_focus_stays_in_the_head_when_the_button_that_was_pressed_goes(stage):
    grid = await staged(stage, [state_of(0)], ["x"], head=head_of(actions={"make": 1}), run=lambda **_: {"sent": 1})
    await grid.button("Make 1 video").press("Enter")
    grid.model.update(head=head_of("1 cell · 1 being sent"))
    await expect(grid.button("Make 1 video")).to_have_count(0)
    await expect(grid.root.locator(".sw-summary")).to_be_focused()


async def test_the_export_menu_closes_when_the_focus_leaves_it_and_gives_it_back(stage):
    grid = await staged(
        stage, [state_of(0)], ["x"], head=head_of(exportable=True), export=lambda kind: {"words": "Written: x"}
    )
    opener = grid.root.locator("[aria-haspopup]")
    menu = grid.root.locator(".sw-menu")
    await opener.press("Enter")
    await press(stage, "ArrowUp")
    await expect(menu.locator("button").last).to_be_focused()
    await press(stage, "Tab")
    await expect(menu).to_be_hidden()
    await opener.press("Enter")
    await press(stage, "Escape")
    await expect(opener).to_be_focused()
    await opener.press("Enter")
    await press(stage, "Enter")
    await expect(opener).to_be_focused()
    await expect(grid.root.locator(".sw-news")).to_contain_text("Written: x")


async def test_a_table_is_patched_so_that_focus_and_scroll_stay(stage):
    answered = []

    def plan():
        answered.append(1)
        rows = [{"i": i, "send": True, "values": [f"will be sent {len(answered)}", "a " * 40]} for i in range(60)]
        return {"total": "60 cells", "notes": [], "heads": ["fate", "words"], "rows": rows, "more": 0}

    cells = [state_of(i) for i in range(60)]
    grid = await staged(stage, cells, [f"seed {i}" for i in range(60)], plan=plan)
    await grid.view_of("Plan")
    region = grid.root.get_by_role("region", name="Plan")
    rows = region.locator("tbody tr")
    await expect(rows).to_have_count(60)
    assert await rows.nth(0).locator("td").nth(2).get_attribute("title") == "a " * 40
    row = rows.nth(50)
    await row.get_by_role("button", name="50 · seed 50").press("Enter")
    await expect(row).to_have_attribute("aria-current", "true")
    await expect(grid.detail.locator(".sw-detail-name")).to_have_text("seed 50")
    scrolled = await region.evaluate("one => one.scrollTop")
    assert scrolled > 0
    grid.model.say({"type": "cells", "cells": [state_of(3, state="queued")]})
    await expect(rows.nth(50)).to_contain_text("will be sent 2")
    await expect(row.get_by_role("button")).to_be_focused()
    assert await region.evaluate("one => one.scrollTop") == scrolled
    await region.locator(".sw-sort").nth(1).press("Enter")
    await expect(region.locator(".sw-sort").nth(1)).to_be_focused()
    await stage.screenshot("sweep-plan-picked")


# ------------------------------------------------------------------------------------------------ who hears


async def test_a_grid_is_one_with_rows_and_headers_and_what_flows_is_a_list(stage):
    grid = await staged(stage, [state_of(i) for i in range(4)], ["1", "2"], ["calm", "wild"])
    table = grid.root.get_by_role("grid", name="Grid")
    await expect(table.get_by_role("row")).to_have_count(3)
    await expect(table.get_by_role("columnheader")).to_have_count(3)
    await expect(table.get_by_role("rowheader")).to_have_text(["calm", "wild"])
    await expect(table.get_by_role("gridcell", name="2 · wild: Not sent")).to_be_visible()
    keys = grid.root.locator(".sw-keys")
    await expect(keys).to_be_visible()
    assert await table.get_attribute("aria-describedby") == await keys.get_attribute("id")
    await expect(grid.root.get_by_role("region", name="The selected cell")).to_be_visible()
    await grid.show("open")
    await expect(grid.root.get_by_role("listbox", name="Grid").get_by_role("option")).to_have_count(4)
    await expect(grid.root.locator(".sw-cell[aria-selected=true]")).to_have_count(1)


async def test_rating_dots_can_be_seen_and_hit(stage):
    done = state_of(0, state="succeeded", video=video_of("a"), rating=2)
    grid = await staged(stage, [done], ["x"])
    dots = grid.detail.locator(".sw-rate")
    await expect(dots).to_have_text(["●", "●", "○", "○", "○"])
    for dot in await dots.all():
        box = await dot.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    for theme in ("light", "dark"):
        await stage.theme(theme)
        assert await dots.last.evaluate(CONTRAST) >= 3


# The contrast of an element's text to what lies behind it, by the formula of WCAG 2.
CONTRAST = """element => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  const back = getComputedStyle(element.closest(".seedance")).backgroundColor;
  const light = (...colours) => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [one, other] = [light(back), light(back, getComputedStyle(element).color)].sort((a, b) => b - a);
  return (one + 0.05) / (other + 0.05);
}"""


# ------------------------------------------------------------------------------------------------ looks

LONG = "a small wooden fishing boat that drifts through the morning fog of a wide and quiet harbour " * 3


@pytest.mark.parametrize("width", [320, 640, 1000])
async def test_long_labels_never_size_a_cell(stage, width):
    await stage.width(width)
    labels = (["1", LONG], ["calm", LONG, "冷静"])
    grid = await staged(stage, [state_of(i) for i in range(6)], *labels, head=head_of(exportable=True))
    await stage.screenshot(f"sweep-long-{width}")
    # The same grid with short labels has the same cells.
    short = await staged(stage, [state_of(i) for i in range(6)], ["1", "2"], ["calm", "wild", "冷静"])
    sizes = [
        await one.cells.evaluate_all("cells => cells.map((c) => [c.offsetWidth, c.offsetHeight])")
        for one in (grid, short)
    ]
    assert sizes[0] == sizes[1]
    head = grid.root.locator(".sw-row-head span").nth(1)
    assert await head.get_attribute("title") == LONG
    assert await head.evaluate("one => one.offsetHeight <= one.parentElement.offsetHeight")
    await grid.root.locator("[aria-haspopup]").click()
    menu = await grid.root.locator(".sw-menu").bounding_box()
    root = await grid.root.bounding_box()
    assert menu["x"] >= root["x"]
    assert menu["x"] + menu["width"] <= root["x"] + root["width"]
    await stage.screenshot(f"sweep-menu-{width}")


async def test_cells_have_the_shape_of_the_videos_on_show(stage):
    wide = [state_of(i, state="succeeded", video=video_of(f"w{i}")) for i in (0, 2)]
    tall = [state_of(i, state="succeeded", video=video_of(f"t{i}", 90, 160)) for i in (1, 3)]
    cells = sorted([*wide, *tall], key=lambda one: one["i"])
    grid = await staged(stage, cells, ["1", "2"], ["x"], ["16:9", "9:16"])
    assert [one["i"] for one in cells] == [0, 1, 2, 3]
    shape = "table => Number(getComputedStyle(table).getPropertyValue('--sw-shape'))"
    table = grid.root.locator(".sw-grid")
    assert await table.evaluate(shape) == pytest.approx(16 / 9)
    await grid.root.locator(".sw-pages").get_by_text("9:16").click()
    assert await table.evaluate(shape) == pytest.approx(9 / 16)


async def test_the_name_and_the_rating_of_a_cell_stay_whole_and_the_measurements_give_way(stage):
    await stage.width(320)
    metrics = "motion 0.001 · PSNR 31.25 · flicker 0.123456"
    cells = [state_of(i, state="succeeded", video=video_of("a"), rating=4, metrics=metrics) for i in range(2)]
    grid = await staged(stage, cells, ["seed 1", "seed 2"])
    await expect(grid.cells.first).to_contain_text("Cannot be shown")
    cut = "one => one.scrollWidth > one.clientWidth"
    assert not await grid.cells.first.locator(".sw-cell-caption").evaluate(cut)
    assert not await grid.cells.first.locator(".sw-cell-rating").evaluate(cut)
    assert await grid.cells.first.locator(".sw-cell-metrics").evaluate(cut)
    await stage.screenshot("sweep-caption")


@pytest.mark.parametrize(
    ("count", "width", "least", "most"),
    [
        (1, 1068, 420, 560),
        (2, 1068, 420, 560),
        (3, 1068, 300, 420),
        (4, 1068, 300, 420),
        (12, 1068, 190, 280),
        (1, 500, 420, 480),
        (2, 500, 220, 240),
    ],
)
async def test_a_few_cells_are_large_and_many_small(stage, count, width, least, most):
    await stage.width(width)
    grid = await staged(stage, [state_of(i) for i in range(count)], [f"seed {i}" for i in range(count)])
    box = await grid.cells.first.bounding_box()
    assert least <= box["width"] <= most
    await stage.screenshot(f"sweep-few-{count}-{width}")
    # Upright ones are not wider than what is seen of them.
    tall = [state_of(i, state="succeeded", video=video_of(f"t{i}", 90, 160)) for i in range(count)]
    grid.model.say({"type": "cells", "cells": tall})
    await stage.until_js("cell => cell.offsetHeight > cell.offsetWidth", grid.cells.first)
