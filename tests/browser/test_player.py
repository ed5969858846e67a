"""The player in Chromium: frames by keys, download, two videos in step, and what happens when a file is gone."""

import re

import pytest
from playwright.async_api import expect

import seedance_widgets as sw

FAST = {"resolution": "480p", "duration": 2}
# Which frame a video shows: the one that its time lies in; Chromium goes from the last one to the very end by itself.
FRAME = "(video, fps) => Math.floor(Math.min(video.currentTime, video.duration - 0.5 / fps) * fps)"


@pytest.fixture
async def make(stage, sim):
    """Make a video of the simulator; another prompt, another video."""

    async def of(prompt="a boat", **settings) -> sw.Video:
        return await sw.generate_video(prompt, provider=sim.provider(), **{**FAST, **settings})

    return of


class Screen:
    """A player in the page."""

    def __init__(self, stage, view) -> None:
        self.stage = stage
        self.view = view
        self.root = view.root.locator(".sw-player")
        self.video = self.root.locator("video").first
        self.number = self.root.locator(".sw-player-frame")
        self.message = self.root.locator(".sw-player-message")

    async def loaded(self):
        await expect(self.root).to_have_attribute("data-loaded", "true", timeout=30_000)
        return self

    async def press(self, *keys):
        await self.root.focus()
        for key in keys:
            await self.stage.page.keyboard.press(key)

    async def shows(self, number, *, of=None):
        """The frame with this number is shown: said in words, and the browser's own time lies within it."""
        await expect(self.number).to_contain_text(str(number + 1))
        for video in await (of or self.root.locator("video:visible")).all():
            await expect(video).to_have_js_property("seeking", value=False)
            assert await video.evaluate(FRAME, 24) == number


@pytest.fixture
async def play(stage):
    async def shown(*videos, **settings) -> Screen:
        return Screen(stage, await stage.surface(sw.Player(*videos, **settings)))

    return shown


async def test_the_poster_is_there_before_the_video_and_the_bytes_come_by_themselves(play, make):
    video = await make()
    screen = await play(video)
    await expect(screen.video).to_have_attribute("poster", re.compile("^blob:"))
    await screen.loaded()
    await expect(screen.video).to_have_js_property("videoWidth", video.width)
    await screen.stage.screenshot("player")


async def test_frames_are_stepped_by_keys(play, make):
    video = await make()
    screen = await (await play(video)).loaded()
    last = video.frames - 1
    await screen.press("ArrowRight", "ArrowRight", "ArrowRight")
    await screen.shows(3)
    await screen.press("ArrowLeft")
    await screen.shows(2)
    await screen.press("Shift+ArrowRight")  # a second
    await screen.shows(26)
    await screen.press("End")
    await screen.shows(last)
    await screen.press("ArrowRight")
    await screen.shows(last)
    await screen.press("Home", ".", ".", ",")
    await screen.shows(1)
    await screen.press("Home", "ArrowLeft")
    await screen.shows(0)


async def test_every_frame_can_be_stepped_to_and_none_is_skipped(play, make):
    video = await make()
    screen = await (await play(video)).loaded()
    for number in range(1, video.frames):
        await screen.press("ArrowRight")
        await screen.shows(number)


async def test_the_keys_play_loop_mute_and_change_the_speed(play, make):
    screen = await (await play(await make())).loaded()
    await screen.press(" ")
    await expect(screen.video).to_have_js_property("paused", value=False)
    await screen.stage.page.wait_for_function("() => document.querySelector('video').currentTime > 0.1")
    await screen.press("k")
    await expect(screen.video).to_have_js_property("paused", value=True)
    await screen.press(">")
    await expect(screen.video).to_have_js_property("playbackRate", 1.5)
    await expect(screen.root.get_by_label("Speed")).to_have_value("1.5")
    await screen.press("<", "<")
    await expect(screen.video).to_have_js_property("playbackRate", 0.5)
    loop = screen.root.get_by_role("button", name="Loop")
    await expect(loop).to_have_attribute("aria-pressed", "true")
    await screen.press("l")
    await expect(loop).to_have_attribute("aria-pressed", "false")


async def test_a_loop_begins_again_and_without_it_the_end_is_the_end(play, make):
    screen = await (await play(await make())).loaded()
    await screen.press("End", " ")  # from the end it begins anew
    await screen.stage.page.wait_for_function(
        "() => { const at = document.querySelector('video').currentTime; return at > 0 && at < 1; }"
    )
    await screen.press("l", "End", " ", ">", ">")
    await expect(screen.video).to_have_js_property("ended", value=True)
    await expect(screen.root.get_by_role("button", name="Play")).to_be_visible()


async def test_sound_is_switched_where_there_is_sound(play, make):
    loud = await make("a boat", model="1.5-pro", generate_audio=True, duration=4)
    screen = await (await play(loud)).loaded()
    await expect(screen.video).to_have_js_property("muted", value=True)
    await screen.press("m")
    await expect(screen.video).to_have_js_property("muted", value=False)
    silent = await play(await make("a fish"))
    await expect(silent.root.get_by_role("button", name="Mute")).to_be_hidden()


async def test_the_download_is_the_file(play, make):
    video = await make()
    screen = await (await play(video)).loaded()
    async with screen.stage.page.expect_download() as coming:
        await screen.root.get_by_role("button", name="Download").click()
    got = await coming.value
    assert got.suggested_filename == video.path.name
    assert (await got.path()).read_bytes() == video.path.read_bytes()


async def test_two_videos_are_compared_with_a_wipe(play, make):
    screen = await (await play(await make("one"), await make("another"))).loaded()
    await expect(screen.root.locator("video:visible")).to_have_count(2)
    wipe = screen.root.get_by_role("slider", name="Wipe", exact=False)
    await wipe.focus()
    await screen.stage.page.keyboard.press("Home")
    assert await screen.root.evaluate("one => getComputedStyle(one).getPropertyValue('--sw-wipe')") == "0%"
    await wipe.fill("30")
    await screen.press("ArrowRight", "ArrowRight")
    await screen.shows(2)  # both
    await screen.stage.screenshot("player-compare")


@pytest.mark.alone
async def test_two_videos_stay_within_a_frame_of_each_other_while_they_play(play, make):
    screen = await (await play(await make("one", duration=5), await make("another", duration=5))).loaded()
    await screen.press(" ")
    apart = await screen.stage.js(
        """async () => {
            const [one, other] = document.querySelectorAll("video");
            const apart = [];
            while (one.currentTime < 2.5) {
                await new Promise((resolve) => one.requestVideoFrameCallback(resolve));
                if (one.currentTime > 0.5) apart.push(Math.abs(one.currentTime - other.currentTime));
            }
            return apart.sort((a, b) => a - b)[Math.floor(apart.length * 0.9)];
        }"""
    )
    assert apart < 1 / 24
    await screen.press(" ")
    times = await screen.stage.js("() => [...document.querySelectorAll('video')].map((one) => one.currentTime)")
    assert int(times[0] * 24) == int(times[1] * 24)  # paused, both show the same frame


async def test_a_file_that_is_gone_is_said_and_found_again(play, make, tmp_path):
    video = await make()
    aside = tmp_path / "aside.mp4"
    screen = await play(video)
    await screen.loaded()
    second = sw.Player(video)
    video.path.rename(aside)
    again = Screen(screen.stage, await screen.stage.surface(second))
    await expect(again.message).to_contain_text(video.path.name)
    aside.rename(video.path)
    await again.message.click()
    await again.loaded()


async def test_a_file_that_shrank_meanwhile_is_said(stage, make):
    video = await make()
    player = sw.Player(video)
    data = video.path.read_bytes()
    video.path.write_bytes(data[: len(data) // 2])
    screen = Screen(stage, await stage.surface(player))
    await expect(screen.message).to_contain_text("changed")


async def test_a_file_that_is_no_video_any_more_is_said(stage, make):
    video = await make()
    player = sw.Player(video)
    video.path.write_bytes(bytes(video.bytes))
    screen = Screen(stage, await stage.surface(player))
    await expect(screen.message).to_be_visible()
    stage.expects("Failed to load|MEDIA")


async def test_a_hostile_name_is_text(stage, make, tmp_path):
    video = await make()
    hostile = tmp_path / """<img src=x onerror="document.title='taken'">.mp4"""
    hostile.write_bytes(video.path.read_bytes())
    view = await stage.surface(sw.Player(hostile, video))
    await expect(view.root.get_by_text("<img src=x", exact=False)).to_be_visible()
    assert await view.root.locator("img").count() == 0
    assert await stage.page.title() == "stage"


async def test_nothing_is_left_of_a_view_that_is_closed(stage, make):
    view = await stage.surface(sw.Player(await make()))
    screen = await Screen(stage, view).loaded()
    url = await screen.video.get_attribute("src")
    await screen.press(" ")
    await view.dispose()
    assert await stage.js("url => fetch(url).then(() => 'there', () => 'gone')", url) == "gone"
    assert await stage.js("() => [...document.querySelectorAll('video')].filter((one) => !one.paused).length") == 0
    stage.expects("ERR_FILE_NOT_FOUND")
    await view.again()  # and it comes back
    await expect(stage.page.locator(".sw-player")).to_have_attribute("data-loaded", "true")


async def test_a_page_that_wants_less_motion_plays_only_when_asked(stage, make):
    await stage.page.emulate_media(reduced_motion="reduce")
    screen = await Screen(stage, await stage.surface(sw.Player(await make()))).loaded()
    await expect(screen.video).to_have_js_property("paused", value=True)
