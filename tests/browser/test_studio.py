"""The whole Studio in Chromium, with its Python class behind it and the simulator behind that."""

import pytest
from playwright.async_api import expect

import seedance_widgets as sw

# The options that are wider than the menu, with its own font; 30 pixels for its paddings and its arrow.
CUT = """menu => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  canvas.font = getComputedStyle(menu).font;
  const room = menu.clientWidth - 30;
  return [...menu.options].map((one) => one.textContent).filter((words) => canvas.measureText(words).width > room);
}"""
FAST = {"model": "1.0-pro", "resolution": "480p", "duration": 2}


@pytest.fixture
async def sim():
    with sw.Simulator(speed=100) as simulator:
        yield simulator


async def shown(stage, sim, request=None, **settings):
    studio = sw.Studio(request, provider=sim.provider(), **settings)
    return studio, (await stage.surface(studio)).root


async def test_the_whole_story(stage, sim):
    studio, root = await shown(stage, sim)
    await expect(root.get_by_text("To do: a first frame.")).to_be_visible()
    # What a model is good for can be read without opening the menu.
    cut = await root.get_by_label("Model", exact=True).evaluate(CUT)
    assert cut == []
    await stage.screenshot("studio-empty")
    await root.get_by_role("button", name="Try the sample image").click()
    await root.get_by_label("Prompt").fill("The beam sweeps over the sea")
    await expect(root.get_by_role("button", name="Generate")).to_be_enabled()
    await root.get_by_text("480p", exact=True).click()
    await root.get_by_role("button", name="Generate").click()
    await expect(root.locator("video").first).to_have_js_property("readyState", 4, timeout=60_000)
    await stage.screenshot("studio-done")
    assert studio.video is not None


async def test_it_looks_at_home_in_every_size_and_language(stage, sim, png):
    request = sw.VideoRequest(
        "The lighthouse beam sweeps slowly across the evening sea",
        sw.sample_image(),
        last_frame_url=sw.Image(png, name="night.png"),
        frames=100,
        model="1.0-pro",
    )
    studio, root = await shown(stage, sim, request)
    await expect(root.get_by_role("button", name="97")).to_be_visible()
    await stage.screenshot("studio-problems")
    await root.get_by_role("button", name="97").click()
    await expect(root.get_by_role("button", name="Generate")).to_be_enabled()
    assert studio.request.frames == 97
    await stage.width(420)
    await stage.screenshot("studio-narrow")
    await stage.width(1060)
    await root.get_by_role("button", name="EN", exact=True).click()
    await expect(root.get_by_role("button", name="生成", exact=True)).to_be_enabled()
    await stage.screenshot("studio-zh")
