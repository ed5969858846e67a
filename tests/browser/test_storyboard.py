"""A storyboard in Chromium: made, changed, watched as one film."""

from __future__ import annotations

from playwright.async_api import expect

import seedance_widgets as sw
from seedance_widgets.widgets.storyboard_view import StoryboardView
from tests.sweep.sweeps import creates

BASE = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)


async def test_shots_are_made_changed_and_watched_as_one_film(stage, sim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    board = sw.Storyboard(["The boat leaves", "It lands"], base=BASE, provider=sim.provider(), name="voyage")
    view = await stage.surface(StoryboardView(board))
    root = view.root.locator(".sw-storyboard")
    shots = root.get_by_role("listitem")
    await expect(shots).to_have_count(2, timeout=15_000)
    await root.get_by_role("button", name="Make 2 shots").click()
    await expect(root.locator(".sw-summary")).to_have_text("2 of 2 shots done", timeout=60_000)
    await root.get_by_role("button", name="Play shot 1").click()
    player = root.locator(".sw-player")
    await expect(player).to_have_attribute("data-loaded", "true", timeout=30_000)
    assert abs(await player.locator("video").first.evaluate("v => v.duration") - 49 / 24) < 0.05
    await root.get_by_role("button", name="Close").click()
    await expect(player).to_be_hidden()
    await root.get_by_label("What happens in shot 0").fill("The boat leaves at dawn")
    await root.get_by_label("What happens in shot 0").blur()
    await expect(shots.nth(1)).to_contain_text("Changed since it was made")
    await stage.screenshot("storyboard")
    await root.get_by_label("What happens in shot 0").fill("The boat leaves")
    await root.get_by_label("What happens in shot 0").blur()
    await expect(root.locator(".sw-summary")).to_have_text("2 of 2 shots done")  # its video is back
    await root.get_by_label("What happens in shot 0").fill("The boat leaves at dawn")
    await root.get_by_label("What happens in shot 0").blur()
    await expect(shots.nth(1)).to_contain_text("Changed since it was made")
    await root.get_by_label("What happens next?").fill("It is moored")
    await stage.page.keyboard.press("Enter")
    await expect(shots).to_have_count(3)
    await root.get_by_role("button", name="Watch the whole").click()
    await expect(root.locator(".sw-news")).to_contain_text(
        "Not made yet, and left out: shot 2. Changed since it was made: shot 0, 1."
    )
    await root.get_by_role("button", name="Make 3 shots").click()
    await expect(root.locator(".sw-summary")).to_have_text("3 of 3 shots done", timeout=60_000)
    assert len(creates(sim)) == 5
    await root.get_by_role("button", name="Watch the whole").click()
    await expect(player).to_be_visible()
    await expect(root.locator(".sw-news")).to_contain_text("without encoding")
    await stage.until_js("player => Math.abs(player.querySelector('video').duration - (3 * 49) / 24) < 0.05", player)
    await stage.screenshot("storyboard-film")
    await root.get_by_role("button", name="Save as MP4").click()
    await expect(root.locator(".sw-news")).to_contain_text("Written: voyage.mp4")
    assert sw.Video.open(tmp_path / "voyage.mp4").frames == 147
    # One is made anew, and those that start with its last frame; the one before it stays.
    before = [shot.video.path for shot in board.shots]
    await root.get_by_role("button", name="Make anew").nth(1).click()
    await stage.until(lambda: len(creates(sim)) == 7 and all(shot.state == "succeeded" for shot in board.shots))
    await expect(root.locator(".sw-summary")).to_have_text("3 of 3 shots done", timeout=60_000)
    assert [shot.video.path == path for shot, path in zip(board.shots, before, strict=True)] == [True, False, False]
    sent = [entry.body["content"] for entry in creates(sim)[-2:]]
    assert [content[0]["text"] for content in sent] == ["It lands", "It is moored"]
    frames = [content[1]["image_url"]["url"] for content in sent]
    assert frames[0] == creates(sim)[3].body["content"][1]["image_url"]["url"]  # the last frame of the first, as before
    assert frames[1] != creates(sim)[4].body["content"][1]["image_url"]["url"]


async def test_an_empty_storyboard_says_how_to_begin(stage, sim):
    view = await stage.surface(StoryboardView(sw.Storyboard(provider=sim.provider())))
    root = view.root.locator(".sw-storyboard")
    empty = root.get_by_text("No shots yet.")
    await expect(empty).to_be_visible()
    await expect(root.get_by_role("button")).to_have_text(["Add a shot"])
    await stage.screenshot("storyboard-empty")
    await root.get_by_label("What happens next?").fill("The boat leaves")
    await stage.page.keyboard.press("Enter")
    await expect(root.get_by_role("listitem")).to_have_count(1)
    await expect(empty).to_be_hidden()
    await expect(root.get_by_role("button", name="Make 1 shot")).to_be_visible()
    await root.get_by_label("What happens next?").fill("It lands")
    await stage.page.keyboard.press("Enter")
    await expect(root.get_by_role("listitem")).to_have_count(2)
    await root.get_by_role("button", name="Remove").first.press("Enter")
    await expect(root.get_by_label("What happens in shot 0")).to_be_focused()  # the next shot, which has its place now
    await expect(root.get_by_label("What happens in shot 0")).to_have_value("It lands")
    await root.get_by_role("button", name="Remove").press("Enter")
    await expect(empty).to_be_visible()
    await expect(root.get_by_label("What happens next?")).to_be_focused()


async def test_words_go_to_the_shot_that_was_read_and_a_slip_changes_one_thing_only(stage, sim):
    board = sw.Storyboard(["one", "two", "three"], base=BASE, provider=sim.provider())
    view = await stage.surface(StoryboardView(board))
    root = view.root.locator(".sw-storyboard")
    shots = root.get_by_role("listitem")
    await expect(shots).to_have_count(3, timeout=15_000)
    field = root.get_by_label("What happens in shot 1")
    await field.press("End")
    await field.press_sequentially(" more")
    await stage.until(lambda: board.shots[1].prompt == "two more")  # without leaving the field
    await field.press_sequentially(" of")
    board.edit(0, prompt="first")
    board.move(2, 1)  # the shot that is written to comes to another place
    await expect(root.get_by_label("What happens in shot 0")).to_have_value("first")
    field = root.get_by_label("What happens in shot 2")
    await expect(field).to_be_focused()
    await field.press_sequentially(" it")
    await field.blur()
    await stage.until(lambda: [shot.prompt for shot in board.shots] == ["first", "three", "two more of it"])
    board.edit(2, prompt="two more")
    await expect(field).to_have_value("two more")
    await field.fill("")
    await field.blur()
    await expect(field).to_have_value("two more")  # no shot is without words
    await root.get_by_role("button", name="Remove").nth(0).dblclick()
    await stage.until(lambda: [shot.prompt for shot in board.shots] == ["three", "two more"])
    await expect(shots).to_have_count(2)
    await root.get_by_label("What happens next?").fill("four")
    await stage.page.keyboard.press("Enter")
    await stage.page.keyboard.press("Enter")
    await expect(shots).to_have_count(3)
    assert [shot.prompt for shot in board.shots] == ["three", "two more", "four"]


async def test_a_billed_storyboard_asks_first(stage, sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    board = sw.Storyboard(["The boat leaves", "It lands"], base=BASE, provider=provider)
    view = await stage.surface(StoryboardView(board, lang="zh"))
    root = view.root.locator(".sw-storyboard")
    await root.get_by_role("button", name="生成 2 个镜头").click()
    question = root.get_by_role("alertdialog")
    await expect(question).to_contain_text("2 个镜头计费：¥0.60")
    assert not creates(sim)
    await expect(question.get_by_role("button", name="是，发送并付费")).to_be_focused()
    await root.get_by_role("button", name="是，发送并付费").click()
    await expect(root.locator(".sw-summary")).to_have_text("2 个镜头完成 2 个", timeout=60_000)
    assert len(creates(sim)) == 2


async def test_while_a_shot_is_under_way_all_stay_where_they_are(stage, sim):
    board = sw.Storyboard(["The boat leaves [sim:run=20000]", "It lands"], base=BASE, provider=sim.provider())
    view = await stage.surface(StoryboardView(board))
    root = view.root.locator(".sw-storyboard")
    await root.get_by_role("button", name="Make 2 shots").click()
    prompt, buttons = root.get_by_label("What happens in shot 1"), root.locator(".sw-shot-buttons button:enabled")
    await expect(prompt).to_have_js_property("readOnly", value=True)
    await expect(buttons).to_have_count(0)
    await stage.until(lambda: board[0].state == "running")
    sim.clock.advance(20_000)
    await expect(root.locator(".sw-summary")).to_have_text("2 of 2 shots done", timeout=60_000)
    await expect(prompt).to_have_js_property("readOnly", value=False)
    await expect(buttons).to_have_count(6)


async def test_the_rest_can_be_cancelled_by_a_press(stage, sim):
    board = sw.Storyboard(["The boat leaves [sim:run=20000]", "It lands"], base=BASE, provider=sim.provider())
    view = await stage.surface(StoryboardView(board))
    root = view.root.locator(".sw-storyboard")
    shots = root.get_by_role("listitem")
    await expect(root.get_by_role("button", name="Cancel the rest")).to_be_hidden()
    await root.get_by_role("button", name="Make 2 shots").click()
    await expect(shots.nth(0)).to_contain_text("Rendering", timeout=30_000)
    await stage.screenshot("storyboard-running")
    await root.get_by_role("button", name="Cancel the rest").click()
    await expect(root.locator(".sw-news")).to_contain_text("1 not sent · 1 already running go on")
    await expect(shots.nth(1)).to_contain_text("Not sent")
    sim.clock.advance(20_000)
    await expect(root.locator(".sw-summary")).to_have_text("1 of 2 shots done", timeout=60_000)
    assert len(creates(sim)) == 1
