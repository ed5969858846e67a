"""Who hears or types instead of looking: every control has a name, in both languages and in every state."""

import re

import pytest
from playwright.async_api import expect

import seedance_widgets as sw

CONTROLS = "alertdialog|button|checkbox|combobox|img|link|progressbar|radio|slider|spinbutton|switch|tab|textbox"
# A role that is followed by no name in quotes; `/`-lines and states in brackets follow the name.
NAMELESS = re.compile(rf"^\s*- '?(?:{CONTROLS})(?! [\"/])(?:$|:| \[).*$", re.MULTILINE)
FAST = {"model": "1.0-pro", "resolution": "480p", "duration": 2}


async def all_are_named(root):
    await expect(root).to_be_visible()
    heard = await root.aria_snapshot()
    assert "- button" in heard
    assert NAMELESS.findall(heard) == []


@pytest.fixture
def studio(stage, sim):
    async def shown(request=None, provider=None, **settings):
        made = sw.Studio(request, provider=provider or sim.provider(), **settings)
        return made, (await stage.surface(made)).root

    return shown


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_every_control_of_the_form_has_a_name(studio, stage, lang):
    made, root = await studio(lang=lang)
    await all_are_named(root)
    await root.locator("details").first.locator("summary").click()
    await root.locator(".sw-header .sw-pill").first.click()
    await all_are_named(root)
    await stage.screenshot(f"studio-providers-{lang}")
    images = [sw.sample_image()] * 3
    made.request = sw.VideoRequest("three", reference_image_urls=images, model="1.0-lite-i2v")
    await expect(root.locator(".sw-slot-filled:visible")).to_have_count(3)
    await all_are_named(root)
    made.request = sw.VideoRequest(
        "x", sw.sample_image(), frames=100, duration=None, seed=-5, ratio="5:4", model="what"
    )
    await expect(root.locator(".sw-problem:visible").first).to_be_visible()
    await all_are_named(root)
    await stage.screenshot(f"studio-problems-{lang}")


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_every_control_of_a_run_and_its_video_has_a_name(studio, stage, lang):
    request = sw.VideoRequest("a boat", sw.sample_image(), **FAST)
    made, root = await studio(request, lang=lang, confirm="always")
    await root.locator(".sw-generate").click()
    await expect(root.get_by_role("alertdialog")).to_be_visible()
    await all_are_named(root)
    await stage.screenshot(f"studio-question-{lang}")
    made.request = request.replace(prompt="a boat [sim:queue=60000]")
    waits = made.generate()
    await expect(root.locator(".sw-job")).to_have_count(1)
    await all_are_named(root)
    await stage.screenshot(f"studio-running-{lang}")
    await waits.cancel()
    made.request = request.replace(prompt="a boat [sim:moderation]")
    with pytest.raises(sw.errors.SeedanceError):
        await made.generate()
    await expect(root.locator(".sw-failure")).to_be_visible()
    await all_are_named(root)
    await stage.screenshot(f"studio-failed-{lang}")
    made.request = request
    await made.generate()
    await expect(root.locator(".sw-player")).to_have_attribute("data-loaded", "true", timeout=30_000)
    for tab in await root.get_by_role("tab").all():
        await tab.click()
        await all_are_named(root)


async def test_every_control_of_two_videos_has_a_name(stage, sim):
    videos = [await sw.generate_video(prompt, provider=sim.provider(), **FAST) for prompt in ("one", "two")]
    await all_are_named((await stage.surface(sw.Player(*videos))).root)


def test_a_control_without_a_name_is_found():
    heard = '- button\n- button "a"\n  - textbox:\n- slider [disabled]\n- \'img "b: c"\'\n- combobox "x":'
    assert NAMELESS.findall(heard) == ["- button", "  - textbox:", "- slider [disabled]"]
