"""The Studio in JupyterLab as it comes: what only a real kernel, a real server and a real page can show."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.async_api import expect

from tests.browser.gestures import a_file, drop

START = """
import asyncio, seedance_widgets as sw
sw.use(sw.Simulator(speed={speed}).provider())
studio = sw.Studio(); studio
"""


async def studio(lab, *cells, speed=50):
    await lab.open(START.format(speed=speed), *cells)
    await lab.run(0)
    root = lab.surface(0)
    await expect(root.get_by_label("Prompt")).to_be_visible()
    return root


async def fill(root, prompt="a boat", *, png=None):
    if png is None:
        await root.get_by_role("button", name="Try the sample image").click()
    elif isinstance(png, Path):  # a large one is chosen: to hand its bytes to the page takes a minute
        await root.locator("input[type=file]").first.set_input_files(png)
    else:
        await drop(root.locator(".sw-slot").first, a_file("boat.png", png))
    await root.get_by_label("Prompt").fill(prompt)
    if isinstance(png, Path):  # it is on its way for a while where others are at work
        await expect(root.locator(".sw-slot-picture").first).to_be_visible(timeout=120_000)
    await expect(root.locator(".sw-slot-picture").first).to_be_visible()  # until then all below it moves
    await root.get_by_text("480p", exact=True).click()
    await expect(root.get_by_role("radio", name="480p")).to_be_checked()
    await expect(root.get_by_role("button", name="Generate")).to_be_enabled()


async def generate(root):
    await root.get_by_role("button", name="Generate").click()
    await expect(root.get_by_text("Sent. The form is free again.")).to_be_visible()


async def loaded(root, index=0):
    """Wait until the video in sight has its bytes."""
    player = root.locator(".sw-player").nth(index)
    await player.scroll_into_view_if_needed(timeout=60_000)
    await expect(player).to_have_attribute("data-loaded", "true", timeout=30_000)
    return player


async def test_drop_type_generate_watch_and_save(lab, png):
    root = await studio(lab)
    await fill(root, "The boat drifts past the lighthouse", png=png)
    await generate(root)
    player = await loaded(root)
    await player.get_by_role("button", name="Play").click()
    video = player.locator("video").first
    await lab.page.wait_for_function("video => video.currentTime > 0.3", arg=await video.element_handle())
    assert await video.evaluate("video => [video.readyState >= 2, video.videoWidth, video.videoHeight]") == [
        True,
        864,
        480,
    ]
    assert await lab.value("studio.video.width") == 864
    assert await lab.value("studio.request.first_frame_url.name") == "boat.png"
    await lab.screenshot("notebook-studio")
    book = await lab.save()
    kept = json.dumps(book["cells"][0]["outputs"])
    poster = sum(len(one["data"].get("image/jpeg", "")) for one in book["cells"][0]["outputs"])
    assert poster
    assert "<video controls" in kept
    assert "data:image/jpeg;base64," in kept
    assert len(kept) < 60_000 + poster
    assert "widgets" not in book["metadata"]


async def test_a_page_reload_during_a_run_brings_the_studio_back(lab):
    root = await studio(lab, speed=10)
    await fill(root, "a boat [sim:queue=5] [sim:run=40]")
    await generate(root)
    await lab.save()
    await lab.reload()
    root = lab.surface(0)
    await expect(root.get_by_label("Prompt")).to_have_value("a boat [sim:queue=5] [sim:run=40]")
    await expect(root.locator(".sw-job")).to_have_count(1)
    await loaded(root)


async def test_a_kernel_restart_during_a_run_loses_nothing(lab):
    # The embedded simulator keeps its tasks over a restart, as a provider does.
    take_up = "import seedance_widgets as sw\njobs = await sw.resume()\nprint(jobs[0].status)"
    await lab.open("import seedance_widgets as sw\nstudio = sw.Studio(); studio", take_up)
    await lab.run(0)
    root = lab.surface(0)
    await fill(root, "a boat [sim:queue=1] [sim:run=160]")
    await generate(root)
    await lab.wait_value("studio.job.task_id")
    await lab.save()
    await lab.restart_kernel()
    assert "succeeded" in await lab.run(1)
    assert await lab.value("len(sw.jobs())") == 1
    # What the saved notebook keeps is there without the widget that is gone.
    await lab.save()
    await lab.reload()
    await expect(lab.output(0).get_by_text("Run this cell to open the Studio.")).to_be_visible()
    await expect(lab.output(0).get_by_text("widget")).to_be_hidden()
    lab.expects("widget model not found")  # JupyterLab's own line on the console


async def test_it_answers_while_a_cell_awaits_and_the_stop_button_leaves_the_job(lab):
    root = await studio(lab, "await studio.job", "print((await studio.job).frames)", speed=5)
    await fill(root, "a boat [sim:queue=2] [sim:run=60]")
    await generate(root)
    await lab.start(1)
    await root.get_by_label("Prompt").fill("typed while a cell awaits")
    await expect(root.locator(".sw-counter")).to_contain_text("5 / 1,000")
    await lab.interrupt()
    await lab.wait_done(1)
    assert "the job goes on" in json.dumps(await lab.outputs(1))
    assert await lab.run(2) == "121\n"


async def test_it_answers_while_a_cell_blocks_in_result(lab):
    root = await studio(lab, "print(studio.job.result().frames)", speed=5)
    await fill(root, "a boat [sim:queue=2] [sim:run=20]")
    await generate(root)
    await lab.start(1)
    await root.get_by_label("Prompt").fill("typed while a cell blocks")
    await expect(root.locator(".sw-counter")).to_contain_text("5 / 1,000")
    await lab.wait_done(1)
    assert await lab.printed(1) == "121\n"


async def test_the_notebooks_shortcuts_stay_out_of_the_studio(lab):
    root = await studio(lab, "1 + 1", "2 + 2")
    generate_button = root.get_by_role("button", name="Try the sample image")
    await generate_button.focus()
    for key in ("d", "d", "a", "b", "x", "m"):
        await lab.page.keyboard.press(key)
    await root.get_by_label("Prompt").focus()
    await lab.page.keyboard.type("dd xx")
    assert await root.get_by_label("Prompt").input_value() == "dd xx"
    assert len((await lab.save())["cells"]) == 3


async def test_a_29_mb_image_and_a_60_mb_video_travel_whole(lab, tmp_path):
    cell = """
import hashlib
video = studio.video
data = video.path.read_bytes()
room = 60 * 1024 * 1024 - len(data)
video.path.write_bytes(data + room.to_bytes(4, "big") + b"free" + bytes(room - 8))
sw.Player(video.path)
"""
    root = await studio(lab, cell)
    noise = np.random.default_rng(0).integers(0, 256, (2300, 4200, 3), np.uint8)
    picture = tmp_path / "noise.png"
    Image.fromarray(noise).save(picture, "PNG", compress_level=0)
    assert 28e6 < (size := picture.stat().st_size) < 30e6
    await fill(root, png=picture)
    await lab.wait_value("studio.request.first_frame_url is not None")
    assert await lab.value("len(studio.request.first_frame_url.data)") == size
    await generate(root)
    await lab.wait_value("studio.video is not None")
    await lab.run(1)
    surface = lab.surface(1)
    await surface.locator(".sw-player").scroll_into_view_if_needed()
    await surface.get_by_role("button", name="Play").click()
    await expect(surface.locator(".sw-player")).to_have_attribute("data-loaded", "true", timeout=30_000)
    video = surface.locator("video").first
    await lab.page.wait_for_function("video => video.currentTime > 0.3", arg=await video.element_handle())
    size = await video.evaluate("async video => (await (await fetch(video.src)).blob()).size")
    assert size == 60 * 1024 * 1024


async def test_a_second_cell_shows_the_same_job_and_the_same_studio_again(lab):
    root = await studio(lab, "studio", "studio.job")
    await fill(root)
    await generate(root)
    await lab.run(1)
    await expect(lab.surface(1).get_by_label("Prompt")).to_have_value("a boat")
    await lab.surface(1).get_by_label("Prompt").fill("from the second view")
    await expect(root.get_by_label("Prompt")).to_have_value("from the second view")
    await lab.run(2)
    await loaded(lab.surface(2))
