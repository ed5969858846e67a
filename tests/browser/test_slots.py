"""The image slots in Chromium: every way in, every way out, and what is shown of an image."""

import asyncio
import io
import re

import PIL.Image
import pytest
from playwright.async_api import expect

import seedance_widgets as sw
from tests.browser.gestures import a_file, an_empty_file, drag_over, drop, paste

FAST = {"resolution": "480p", "duration": 2}
MEGABYTE = 1 << 20


def picture(width=400, height=300, colour="teal", *, room=0) -> bytes:
    """A PNG; `room` bytes follow it, so that it is as large as the test wants."""
    data = io.BytesIO()
    PIL.Image.new("RGB", (width, height), colour).save(data, "PNG")
    return data.getvalue() + bytes(room)


class Form:
    def __init__(self, stage, studio, root) -> None:
        self.stage = stage
        self.studio = studio
        self.root = root
        self.notice = root.locator(".sw-notice:not(.sw-late)")

    def slot(self, name="First frame"):
        return self.root.get_by_role("group", name=name, exact=True)

    async def filled(self, name="First frame"):
        await expect(self.slot(name).locator(".sw-slot-filled")).to_be_visible()
        return self.slot(name)

    @property
    def first(self):
        return self.studio.request.first_frame_url


@pytest.fixture
async def form(stage, sim):
    async def shown(request=None, **settings) -> Form:
        studio = sw.Studio(request, provider=sim.provider(), **settings)
        return Form(stage, studio, (await stage.surface(studio)).root)

    return shown


# ---------------------------------------------------------------------------------------------------------- ways in


async def test_a_file_is_dropped_and_shown_with_its_size_and_bytes(form):
    made = await form()
    data = picture(640, 480)
    await drag_over(made.slot(), a_file("boat.png", data))
    await expect(made.slot()).to_have_attribute("data-over", "true")
    await drop(made.slot(), a_file("boat.png", data))
    slot = await made.filled()
    await expect(slot.locator(".sw-slot-words")).to_contain_text("boat.png")
    await expect(slot.locator(".sw-slot-words")).to_contain_text("640 × 480")
    await expect(slot.locator(".sw-slot-words")).to_contain_text(re.compile(r"\d kB"))
    await expect(slot.locator("img")).to_have_js_property("naturalWidth", 640)
    assert made.first.data == data


async def test_an_image_is_pasted_wherever_the_focus_is_and_text_stays_text(form):
    made = await form()
    prompt = made.root.get_by_label("Prompt")
    await paste(prompt, a_file("image.png", picture()))
    await made.filled()
    await prompt.fill("a ")
    await paste(prompt, text={"text/plain": "boat"})
    assert made.first.data == picture()
    await expect(prompt).to_have_value("a ")  # a paste that a test makes writes nothing; that it is let go is the point


async def test_a_pasted_image_goes_to_the_slot_that_has_the_focus_then_to_the_empty_one(form):
    made = await form(sw.VideoRequest("a", sw.sample_image(), last_frame_url=sw.sample_image(), **FAST))
    slot = await made.filled("Last frame")
    await slot.get_by_role("button", name="Remove", exact=False).click()
    await expect(slot.locator(".sw-slot-empty")).to_be_visible()
    await paste(made.root.get_by_label("Prompt"), a_file("new.png", picture()))
    await made.filled("Last frame")
    assert made.studio.request.last_frame_url.data == picture()
    other = picture(colour="red")
    first = made.slot()
    await first.get_by_role("button", name="Remove", exact=False).focus()
    await paste(first.get_by_role("button", name="Remove", exact=False), a_file("red.png", other))
    await made.stage.until(lambda: getattr(made.first, "data", None) == other)


async def test_a_file_is_chosen(form, tmp_path):
    made = await form()
    file = tmp_path / "chosen.png"
    file.write_bytes(picture())
    async with made.stage.page.expect_file_chooser() as opened:
        await made.slot().get_by_role("button", name="choose", exact=False).click()
    await (await opened.value).set_files(file)
    await made.filled()
    assert made.first.name == "chosen.png"


async def test_an_address_is_typed_dropped_and_left_with_escape(form):
    made = await form()
    slot = made.slot()
    url = slot.get_by_role("button", name="URL", exact=False)
    await url.click()
    field = slot.get_by_label("Address", exact=False).first
    await expect(field).to_be_focused()
    await made.stage.page.keyboard.press("Escape")
    await expect(slot.locator(".sw-slot-empty")).to_be_visible()
    await url.click()
    await field.fill("https://example.invalid/boat.png")
    made.stage.expects("ERR_NAME_NOT_RESOLVED|example.invalid")
    await made.stage.page.keyboard.press("Enter")
    await made.filled()
    assert made.first == "https://example.invalid/boat.png"
    await expect(slot.locator(".sw-slot-unseen")).to_be_visible()  # the browser cannot load it; it is kept all the same
    await drop(slot, text={"text/uri-list": "https://example.invalid/other.png\r\n"})
    await made.stage.until(lambda: made.first == "https://example.invalid/other.png")


async def test_the_last_frame_of_an_earlier_video_is_taken_again(form, sim):
    video = await sw.generate_video("a boat", provider=sim.provider(), return_last_frame=True, **FAST)
    made = await form()
    await made.slot().get_by_role("button", name="last frame", exact=False).click()
    choice = made.slot().get_by_role("group").get_by_role("button").first
    await expect(choice).to_contain_text("a boat")
    await choice.click()
    slot = await made.filled()
    await expect(slot.locator(".sw-slot-words")).to_contain_text(f"{video.width} × {video.height}")


async def test_without_earlier_videos_it_says_so(form):
    made = await form()
    await made.slot().get_by_role("button", name="last frame", exact=False).click()
    recent = made.slot().locator(".sw-recent")
    await expect(recent).to_be_visible()
    await expect(recent.locator("p")).to_be_visible()
    await recent.get_by_role("button").click()
    await expect(made.slot().locator(".sw-slot-empty")).to_be_visible()


# ------------------------------------------------------------------------------------------------------- on its way


async def test_a_large_image_comes_whole_in_pieces_with_its_progress(form):
    made = await form()
    data = picture(room=9 * MEGABYTE)
    await made.stage.js(
        """() => {
            window.counted = [];
            const bar = document.querySelector('.sw-slot-waiting progress');
            new MutationObserver(() => counted.push(bar.value)).observe(bar, { attributes: true });
        }"""
    )
    await drop(made.slot(), a_file("large.png", data))
    await made.filled()
    assert made.first.data == data
    counted = await made.stage.js("() => counted")
    assert len(counted) > 2, counted
    assert counted == sorted(counted)
    assert counted[-1] == 1


@pytest.fixture
def hold(monkeypatch):
    """Let the pieces of uploads wait at Python's door until the event that is returned is set."""

    def at(made) -> asyncio.Event:
        release = asyncio.Event()
        chunk = made.studio.intake.chunk

        async def held(*arguments):
            await release.wait()
            return await chunk(*arguments)

        monkeypatch.setattr(made.studio.intake, "chunk", held)
        return release

    return at


async def test_an_upload_is_cancelled_and_nothing_of_it_is_left(form, hold):
    made = await form()
    release = hold(made)
    await drop(made.slot(), a_file("large.png", picture(room=5 * MEGABYTE)))
    await expect(made.slot().locator(".sw-slot-waiting")).to_be_visible()
    await made.slot().get_by_role("button", name="Cancel").click()
    release.set()
    await expect(made.slot().locator(".sw-slot-empty")).to_be_visible()
    await made.stage.until(lambda: made.studio.intake.pending == ())
    assert made.first is None
    await expect(made.notice).to_be_hidden()


async def test_another_language_waits_for_the_image_that_is_on_its_way(form, hold):
    made = await form()
    release = hold(made)
    data = picture(room=2 * MEGABYTE)
    await drop(made.slot(), a_file("late.png", data))
    await expect(made.slot().locator(".sw-slot-waiting")).to_be_visible()
    await made.root.get_by_role("button", name="EN", exact=True).click()
    await made.stage.until(lambda: made.studio.lang == "zh")
    release.set()
    await expect(made.root.get_by_role("button", name="生成", exact=True)).to_be_visible()
    await made.stage.until(lambda: made.first is not None)
    assert made.first.data == data
    await expect(made.root.locator(".sw-slot-filled:visible")).to_have_count(1)


async def test_another_file_takes_the_place_of_one_that_is_on_its_way(form, hold):
    made = await form()
    release = hold(made)
    await drop(made.slot(), a_file("one.png", picture(room=2 * MEGABYTE)))
    await expect(made.slot().locator(".sw-slot-waiting")).to_be_visible()
    data = picture(colour="red", room=3 * MEGABYTE)
    await drop(made.slot(), a_file("two.png", data))
    await made.stage.until(lambda: [one.name for one in made.studio.intake.pending] == ["two.png"])
    await expect(made.slot().locator(".sw-slot-waiting")).to_be_visible()  # the first one's end has not ended this one
    release.set()
    await made.filled()
    assert made.first.data == data
    await expect(made.notice).to_be_hidden()


async def test_an_image_arrives_in_its_place_while_the_others_move(form, hold):
    made = await of_three(form)
    release = hold(made)
    data = picture(room=2 * MEGABYTE)
    await drop(made.slot("Reference 2"), a_file("late.png", data))
    await expect(made.slot("Reference 2").locator(".sw-slot-waiting")).to_be_visible()
    await made.slot("Reference 1").get_by_role("button", name="Remove", exact=False).click()
    await made.stage.until(lambda: len(made.studio.request.references) == 2)
    release.set()
    await made.stage.until(lambda: not made.studio.intake.pending)
    assert [one.name for one in made.studio.request.references] == ["late.png", "blue.png"]


async def test_generate_waits_for_an_upload_and_the_form_says_so(form, hold):
    made = await form(sw.VideoRequest("a boat", sw.sample_image(), **FAST))
    release = hold(made)
    data = picture(room=2 * MEGABYTE)
    await drop(made.slot(), a_file("late.png", data))
    await expect(made.slot().locator(".sw-slot-waiting")).to_be_visible()
    await made.root.get_by_role("button", name="Generate", exact=True).click()
    assert made.studio.job is None
    release.set()
    await made.stage.until(lambda: made.studio.job is not None)
    assert made.studio.job.request.first_frame_url.data == data
    await made.studio.job
    await expect(made.root.locator(".sw-player")).to_be_visible()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (an_empty_file("huge.png", 31 * MEGABYTE), "must stay below"),
        (a_file("empty.png", b""), "empty"),
    ],
    ids=["huge", "empty"],
)
async def test_what_cannot_be_taken_is_refused_before_it_is_sent(form, file, words):
    made = await form()
    await drop(made.slot(), file)
    await expect(made.notice).to_contain_text(words)
    await expect(made.slot().locator(".sw-slot-empty")).to_be_visible()
    assert made.first is None


async def test_a_file_that_is_no_image_is_a_problem_under_its_slot(form):
    made = await form(sw.VideoRequest("a boat", **FAST))
    await made.root.get_by_text("First frame", exact=True).first.click()
    await drop(made.slot(), a_file("song.mp3", b"ID3 no picture at all", "audio/mpeg"))
    problem = made.root.locator(".sw-images .sw-problem[data-severity=error]")
    await expect(problem).to_contain_text("cannot be used")
    await expect(made.slot()).to_have_attribute("aria-invalid", "true")
    described = await made.slot().get_attribute("aria-describedby")
    assert "cannot be used" in await made.root.locator(f"#{described}").inner_text()
    await expect(made.root.get_by_role("button", name="Generate", exact=True)).to_be_disabled()


# ------------------------------------------------------------------------------------------------------ what is cut


async def test_the_overlay_shows_what_the_ratio_will_keep(form):
    made = await form(sw.VideoRequest("a", sw.Image(picture(1000, 500), name="wide.png"), ratio="1:1", **FAST))
    slot = await made.filled()
    frame = await slot.locator(".sw-slot-frame").bounding_box()
    left = await slot.locator(".sw-cut-left").bounding_box()
    right = await slot.locator(".sw-cut-right").bounding_box()
    assert left["width"] == pytest.approx(frame["width"] / 4, abs=2)  # a square of a picture twice as wide as high
    assert right["width"] == pytest.approx(frame["width"] / 4, abs=2)
    assert frame["width"] / frame["height"] == pytest.approx(2, rel=0.05)
    await expect(slot.locator(".sw-cut-top")).to_be_hidden()
    await expect(slot).to_contain_text("50")  # percent, for who cannot see it
    made.studio.request = made.studio.request.replace(ratio="21:9")
    await expect(slot.locator(".sw-cut-left")).to_be_hidden()
    await expect(slot.locator(".sw-cut-top")).to_be_visible()


# -------------------------------------------------------------------------------------------------------- references


async def of_three(form) -> Form:
    images = [sw.Image(picture(colour=colour), name=f"{colour}.png") for colour in ("red", "lime", "blue")]
    return await form(sw.VideoRequest("three", reference_image_urls=images, model="1.0-lite-i2v", **FAST))


def names(made):
    return [image.name.removesuffix(".png") for image in made.studio.request.reference_image_urls]


async def test_references_are_ordered_by_keyboard_and_the_focus_goes_along(form):
    three = await of_three(form)
    page = three.stage.page
    await three.slot("Reference 1").get_by_role("button", name="right", exact=False).focus()
    await page.keyboard.press("Enter")
    await three.stage.until(lambda: names(three) == ["lime", "red", "blue"])
    await expect(three.slot("Reference 2").get_by_role("button", name="right", exact=False)).to_be_focused()
    await page.keyboard.press("Enter")
    await three.stage.until(lambda: names(three) == ["lime", "blue", "red"])
    await expect(three.root.locator(".sw-images > [role=status]")).to_contain_text("3")


async def test_references_are_ordered_by_dragging(form):
    three = await of_three(form)
    await three.slot("Reference 3").drag_to(three.slot("Reference 1"))
    await three.stage.until(lambda: names(three) == ["blue", "red", "lime"])
    await three.stage.screenshot("studio-references")


async def test_a_reference_is_removed_and_several_files_fill_the_places_that_are_left(form):
    three = await of_three(form)
    await three.slot("Reference 2").get_by_role("button", name="Remove", exact=False).click()
    await three.stage.until(lambda: names(three) == ["red", "blue"])
    files = [a_file(f"{colour}.png", picture(colour=colour)) for colour in ("gold", "pink", "gray")]
    await drop(three.slot("Reference 3"), *files)
    await three.stage.until(lambda: names(three) == ["red", "blue", "gold", "pink"])
    await expect(three.notice).to_contain_text("4")  # the model takes no more
