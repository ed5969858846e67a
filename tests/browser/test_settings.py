"""Resolution, ratio, length and the folded settings, in Chromium."""

import re

import pytest
from playwright.async_api import expect

from seedance_widgets.catalog import rules
from tests.browser.form import LOUD, NEWEST, SILENT, Form

FRAMES = rules().frames


async def unfold(root):
    await root.locator("summary").click()


# ------------------------------------------------------------------------------------------------- resolution and ratio


async def test_a_resolution_is_chosen_by_mouse_and_by_keyboard(stage):
    one = Form(stage)
    root = await one.show()
    group = root.get_by_role("radiogroup", name="Resolution")
    await group.get_by_text("1080p", exact=True).click()
    await one.sent({"resolution": "1080p"})
    await one.settled()
    await group.get_by_role("radio", name="1080p").press("ArrowLeft")
    await one.sent({"resolution": "720p"})
    await expect(group.get_by_role("radio", name="720p")).to_be_focused()


async def test_the_pixels_of_what_is_pointed_at_are_told(stage):
    one = Form(stage)
    root = await one.show()
    hint = root.locator(".sw-look + .sw-aside")
    await expect(hint).to_have_text("16:9 · 1248 \u00d7 704")
    await root.get_by_text("1080p", exact=True).hover()
    await expect(hint).to_have_text("1080p · 1920 \u00d7 1088")
    await root.get_by_text("9:16", exact=True).hover()
    await expect(hint).to_have_text("9:16 · 704 \u00d7 1248")
    await expect(root.get_by_role("radio", name="9:16")).to_have_accessible_description("704 \u00d7 1248")
    await root.get_by_label("Prompt").hover()
    await expect(hint).to_have_text("16:9 · 1248 \u00d7 704")


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
async def test_a_resolution_that_the_model_lacks_is_not_chosen_but_explains_itself(stage, by):
    one = Form(stage, resolution="1080p")
    root = await one.show()
    off, hint = root.get_by_role("radio", name="4k"), root.locator(".sw-look + .sw-aside")
    await expect(off).to_have_attribute("aria-disabled", "true")
    await expect(off).to_have_accessible_description(
        "Seedance 1.0 Pro does not make 4k from text alone; it makes 480p, 720p, 1080p."
    )
    if by == "mouse":
        await root.get_by_text("4k", exact=True).click(force=True)
    else:
        await root.get_by_role("radio", name="1080p").press("ArrowRight")
        await expect(off).to_be_focused()
    await expect(hint).to_contain_text("4k · Seedance 1.0 Pro does not make 4k")
    await expect(root.get_by_role("radio", name="1080p")).to_be_checked()
    await root.get_by_label("Prompt").press_sequentially("!")  # a later message, which must be the only one
    await stage.until(lambda: one.sets)
    assert all("resolution" not in changes for changes in one.sets)
    await expect(hint).to_have_text("16:9 · 1920 \u00d7 1088")


async def test_ratios_are_drawn_as_the_shapes_they_are(stage):
    one = Form(stage)
    root = await one.show()
    group = root.get_by_role("radiogroup", name="Ratio")
    for ratio in rules().ratios:
        width, height = map(int, ratio.split(":"))
        shape = group.locator("label", has_text=ratio).locator(".sw-shape")
        box = await shape.bounding_box()
        assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.03)
    style = "shape => getComputedStyle(shape).borderTopStyle"
    assert await group.locator("label", has_text="adaptive").locator(".sw-shape").evaluate(style) == "dashed"
    await group.locator("label", has_text="21:9").click()
    await one.sent({"ratio": "21:9"})


async def test_another_model_has_other_options_and_the_focus_stays(stage):
    one = Form(stage, model=NEWEST)
    root = await one.show()
    four = root.get_by_role("radio", name="4k")
    await expect(four).not_to_have_attribute("aria-disabled", "true")
    await root.get_by_role("radio", name="720p").focus()
    one.change(model=SILENT)
    await expect(four).to_have_attribute("aria-disabled", "true")
    await expect(root.get_by_role("radio", name="720p")).to_be_focused()


# --------------------------------------------------------------------------------------------------------------- length


async def test_seconds_become_frames_of_the_same_length_and_back(stage):
    one = Form(stage, duration=5)
    root = await one.show()
    await root.get_by_text("frames", exact=True).click()
    await one.sent({"duration": None, "frames": 121})
    number = root.get_by_role("textbox", name="Length in frames")
    await expect(number).to_have_value("121")
    await expect(root.get_by_text("25 + 4n")).to_be_visible()
    await number.fill("150")  # no such count: its neighbour on the slider is as long
    await root.get_by_text("seconds", exact=True).click()
    await one.sent({"duration": 6, "frames": None})
    await expect(root.get_by_text("2 to 12 s")).to_be_visible()
    await one.settled()
    assert (one.request.duration, one.request.frames) == (6, None)


async def test_a_length_that_nobody_has_set_is_the_default_one(stage):
    one = Form(stage)
    root = await one.show()
    number = root.get_by_role("textbox", name="Length in seconds")
    await expect(number).to_have_value("")
    await expect(number).to_have_attribute("placeholder", "5")
    await expect(root.get_by_role("slider", name="Length in seconds")).to_have_value("5")
    await root.get_by_role("radio", name="seconds").press("ArrowRight")
    await one.sent({"duration": None, "frames": 121})


async def test_the_slider_of_frames_only_lands_on_its_steps(stage):
    one = Form(stage, frames=121)
    root = await one.show()
    slider, number = (
        root.get_by_role("slider", name="Length in frames"),
        root.get_by_role("textbox", name="Length in frames"),
    )
    await slider.press("ArrowRight")
    await one.sent({"frames": 125, "duration": None})
    await expect(number).to_have_value("125")
    await slider.press("End")
    await one.sent({"frames": FRAMES.last, "duration": None})
    await slider.press("Home")
    await one.sent({"frames": FRAMES.first, "duration": None})
    box = await slider.bounding_box()
    for share in (0.21, 0.37, 0.5, 0.643, 0.87):
        before = len(one.sets)
        await stage.page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        await stage.until(lambda before=before: len(one.sets) > before)
        await one.settled()
        assert one.sets[-1]["frames"] in FRAMES
        await expect(number).to_have_value(str(one.sets[-1]["frames"]))
    await expect(slider).to_have_attribute("aria-valuetext", f"{one.sets[-1]['frames']} frames")


async def test_a_count_between_the_steps_may_be_typed_and_is_cured_by_one_press(stage):
    one = Form(stage, frames=121)
    root = await one.show()
    number = root.get_by_role("textbox", name="Length in frames")
    await number.fill("100")
    await one.sent({"frames": 100, "duration": None})
    problem = root.locator(".sw-problem")
    await expect(problem).to_contain_text("Error: frames must be 25 + 4n between 29 and 289; 100 is not")
    await expect(number).to_have_attribute("aria-invalid", "true")
    await expect(number).to_have_accessible_description(
        re.compile(r"^25 \+ 4n Error: frames must be .* nearest are 97 and 101\. ")
    )
    await expect(number).to_have_value("100")
    await root.get_by_role("button", name="97").press("Enter")
    await expect(problem).to_have_count(0)
    await expect(number).to_have_value("97")
    await expect(number).not_to_have_attribute("aria-invalid", "true")
    await expect(number, "the button is gone; the person is not").to_be_focused()
    assert one.shown.model.of("fix") == [{"revision": 2, "problem": 0, "choice": 1}]


@pytest.mark.parametrize(
    ("typed", "given"), [("7", 7), ("\uff17", 7), (" 7 ", 7), ("7.5", "7.5"), ("abc", "abc"), ("-3", -3)]
)
async def test_what_is_typed_as_a_length_is_sent_as_it_is(stage, typed, given):
    one = Form(stage, duration=5)
    root = await one.show()
    number = root.get_by_role("textbox", name="Length in seconds")
    await number.fill(typed)
    await one.sent({"duration": given, "frames": None})
    await one.settled()
    await expect(number).to_have_value(typed)
    await expect(number).to_have_attribute("aria-invalid", "true") if given != 7 else None
    await number.fill("")
    await one.sent({"duration": None, "frames": None})


async def test_a_number_is_not_tidied_under_the_fingers(stage):
    one = Form(stage, duration=5)
    root = await one.show()
    number = root.get_by_role("textbox", name="Length in seconds")
    await number.fill("")
    await number.press_sequentially("0")
    await one.settled()
    await number.press_sequentially("8")
    await one.sent({"duration": 8, "frames": None})
    await one.settled()
    await expect(number).to_have_value("08")
    await number.blur()
    one.draw()
    await expect(number).to_have_value("8")


async def test_emptied_frames_stay_frames(stage):
    one = Form(stage, frames=121)
    root = await one.show()
    number = root.get_by_role("textbox", name="Length in frames")
    await number.fill("")
    await one.sent({"frames": None, "duration": None})
    await one.settled()
    await expect(root.get_by_role("radio", name="frames")).to_be_checked()
    await number.fill("125")
    await one.sent({"frames": 125, "duration": None})


async def test_the_model_may_decide_the_length_where_it_can(stage):
    one = Form(stage, model=LOUD, duration=6)
    root = await one.show()
    auto, number = root.get_by_label("the model decides"), root.get_by_role("textbox", name="Length in seconds")
    slider = root.get_by_role("slider", name="Length in seconds")
    await auto.check()
    await one.sent({"duration": -1, "frames": None})
    await one.settled()
    await expect(number).to_have_value("")
    await expect(number).to_have_attribute("placeholder", "auto")
    await slider.press("ArrowRight")
    await one.sent({"duration": 6, "frames": None})
    await expect(auto).not_to_be_checked()
    await auto.press("Space")
    await one.sent({"duration": -1, "frames": None})
    await auto.press("Space")
    await one.sent({"duration": 5, "frames": None})
    one.change(model=SILENT, duration=-1)
    await expect(auto).to_be_hidden()
    await expect(number).to_have_value("-1")


async def test_frames_are_off_where_the_model_counts_none_and_say_why(stage):
    one = Form(stage, model=LOUD, duration=6)
    root = await one.show()
    why = "Seedance 1.5 Pro takes no frame count; give duration in seconds instead."
    await expect(root.get_by_role("radio", name="frames")).to_have_accessible_description(why)
    await root.get_by_text("frames", exact=True).click(force=True)
    await expect(root.get_by_text(why).filter(visible=True)).to_be_visible()
    await expect(root.get_by_role("radio", name="seconds")).to_be_checked()
    assert one.sets == []


# ------------------------------------------------------------------------------------------------------------- advanced


async def test_the_folded_settings_are_told_in_one_line(stage):
    one = Form(stage, seed=7)
    root = await one.show()
    await expect(root.locator("summary")).to_contain_text("seed 7 · no audio")
    await expect(root.get_by_label("Seed", exact=True)).to_be_hidden()
    await root.locator("summary").press("Enter")
    await expect(root.get_by_label("Seed", exact=True)).to_have_value("7")


async def test_a_seed_is_typed_rolled_or_left_to_chance(stage):
    one = Form(stage)
    root = await one.show()
    await unfold(root)
    number, random = root.get_by_label("Seed", exact=True), root.get_by_label("random each time")
    await expect(number).to_have_value("")
    await expect(random).to_be_checked()
    await number.fill("42")
    await one.sent({"seed": 42})
    await expect(random).not_to_be_checked()
    await number.fill("")
    await one.sent({"seed": -1})
    rolled = set()
    for _ in range(4):
        before = len(one.sets)
        await root.get_by_role("button", name="Roll a seed").click()
        await stage.until(lambda before=before: len(one.sets) > before)
        await one.settled()
        rolled.add(one.sets[-1]["seed"])
        await expect(number).to_have_value(str(one.sets[-1]["seed"]))
    assert len(rolled) > 1
    assert all(0 <= seed <= rules().seed.last for seed in rolled)
    await random.press("Space")
    await one.sent({"seed": -1})
    await expect(number).to_have_value("")


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("generate_audio", "Sound"),
        ("return_last_frame", "Also return the last frame"),
        ("camera_fixed", "Camera fixed"),
        ("watermark", "Watermark"),
    ],
)
async def test_a_setting_is_switched_by_mouse_and_by_keyboard(stage, field, label):
    one = Form(stage, model=LOUD)
    root = await one.show()
    await unfold(root)
    box = root.get_by_label(label)
    await root.get_by_text(label).click()
    await one.sent({field: True})
    await one.settled()
    await box.press("Space")
    await one.sent({field: False})
    await expect(box).not_to_be_checked()


async def test_what_the_model_lacks_cannot_be_switched_on_but_off(stage):
    one = Form(stage, model=SILENT, generate_audio=True)
    root = await one.show()
    box = root.get_by_label("Sound")
    await expect(box, "a problem in there has unfolded it").to_be_visible()
    await box.click(force=True)
    await one.sent({"generate_audio": False})
    await one.settled()
    await expect(box).to_have_attribute("aria-disabled", "true")
    await expect(box).to_have_accessible_description(
        "Seedance 1.0 Pro makes no sound; set generate_audio to False, or choose a model that does."
    )
    await expect(root.get_by_text("makes no sound")).to_be_visible()
    await box.press("Space")
    await root.get_by_label("Watermark").check()
    await one.sent({"watermark": True})
    await expect(box).not_to_be_checked()
    assert len(one.sets) == 2


async def test_a_seed_that_the_model_ignores_is_off_and_says_so(stage):
    one = Form(stage, model=NEWEST)
    root = await one.show()
    await unfold(root)
    number = root.get_by_label("Seed", exact=True)
    await expect(number).not_to_be_editable()
    await expect(root.get_by_text("takes no seed")).to_be_visible()
    await root.get_by_role("button", name="Roll a seed").click(force=True)
    await root.get_by_label("random each time").click(force=True)
    await expect(root.get_by_label("random each time")).to_be_checked()
    assert all(changes == {"seed": -1} for changes in one.sets)
    one.change(seed=5)
    await expect(number, "what is there can be taken out").to_be_editable()


async def test_the_tier_the_callback_and_the_expiry_are_set(stage):
    one = Form(stage)
    root = await one.show()
    await unfold(root)
    await root.get_by_role("radiogroup", name="Service tier").get_by_text("flex").click()
    await one.sent({"service_tier": "flex"})
    url = root.get_by_label("Callback URL")
    await url.fill("https://example.com/done")
    await one.sent({"callback_url": "https://example.com/done"})
    await url.fill("")
    await one.sent({"callback_url": None})
    hours = root.get_by_role("textbox", name="Expires after")
    await expect(hours).to_have_value("48")
    await hours.fill("1.5")
    await one.sent({"execution_expires_after": 5400})
    await one.settled()
    await expect(hours).to_have_value("1.5")
    await root.get_by_role("slider", name="Expires after").press("End")
    await one.sent({"execution_expires_after": 259200})
    await expect(hours).to_have_value("72")
    await expect(root.get_by_text("= 259200 s")).to_be_visible()
    await hours.fill("soon")
    await one.sent({"execution_expires_after": "soon"})
    await expect(hours).to_have_attribute("aria-invalid", "true")


async def test_a_new_problem_unfolds_the_section_and_one_that_is_known_does_not(stage):
    one = Form(stage)
    root = await one.show()
    details = root.locator("details")
    await expect(details).not_to_have_attribute("open", "")
    one.change(seed=-5)
    await expect(details).to_have_attribute("open", "")
    await root.locator("summary").click()
    one.change(prompt="another boat")
    await expect(root.get_by_label("Prompt")).to_have_value("another boat")
    await expect(details).not_to_have_attribute("open", "")
    await expect(root.locator("summary .sw-mark")).to_be_visible()
    one.change(callback_url="ftp://example.com")
    await expect(details).to_have_attribute("open", "")


async def test_odd_values_are_shown_as_they_are(stage):
    odd = {
        "duration": "abc",
        "seed": "x",
        "execution_expires_after": 5000,
        "generate_audio": "yes",
        "resolution": "999p",
    }
    one = Form(stage, **odd)
    root = await one.show()
    await expect(root.get_by_role("textbox", name="Length in seconds")).to_have_value("abc")
    await expect(root.get_by_label("Seed", exact=True)).to_have_value("x")
    await expect(root.get_by_role("textbox", name="Expires after")).to_have_value("1.38889")
    assert await root.get_by_label("Sound").evaluate("box => box.indeterminate")
    await expect(root.get_by_role("radio", name="999p")).to_be_checked()
    one.change(frames=100.5, duration=None)
    await expect(root.get_by_role("textbox", name="Length in frames")).to_have_value("100.5")
