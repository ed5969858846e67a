"""What a person can come to in the Studio: the page, its Python class and a provider on this machine at work."""

import re
import socket

import pytest
from playwright.async_api import expect

import seedance_widgets as sw
from tests.browser.gestures import a_file, drop

FAST = {"model": "1.0-pro", "resolution": "480p", "duration": 2}
IMAGES = {"model": "1.0-lite-i2v", "resolution": "480p", "duration": 2}
SECRET = "sk-very-secret-0815"
HOSTILE_NAME = """<img src=x onerror="document.title='taken'">.png"""
HOSTILE = """<img src=x onerror="document.title='taken'"></script><script>document.title='taken'</script>"""


class Person:
    """Who sits before a Studio.

    Attributes:
        studio: The Studio, in Python.
        root: Where it is drawn.
    """

    def __init__(self, stage, studio, root) -> None:
        self.stage = stage
        self.studio = studio
        self.root = root
        self.generate = root.get_by_role("button", name="Generate", exact=True)
        self.rows = root.locator(".sw-job")

    async def type(self, prompt):
        await self.root.get_by_label("Prompt").fill(prompt)

    async def press_generate(self):
        await expect(self.generate).to_be_enabled()
        await self.generate.click()

    def state(self, row=0):
        return self.rows.nth(row).locator(".sw-job-state")

    async def sees_video(self):
        await expect(self.root.locator(".sw-player")).to_be_visible(timeout=60_000)

    def failure(self):
        return self.root.get_by_role("region", name="What happened")


@pytest.fixture
async def sit(stage):
    """Sit down before a Studio with this provider; `request` is what its form begins with."""

    async def before(provider, request=None, **settings) -> Person:
        studio = sw.Studio(request, provider=provider, **settings)
        return Person(stage, studio, (await stage.surface(studio)).root)

    return before


def request(prompt="a boat", **changes):
    return sw.VideoRequest(prompt, **{"first_frame_url": sw.sample_image(), **FAST, **changes})


# ------------------------------------------------------------------------------------------------------------ the modes


async def test_a_video_from_text_only(sit, sim):
    person = await sit(sim.provider(), request(first_frame_url=None))
    await expect(person.root.get_by_role("radio", name="Text")).to_be_checked()
    await expect(person.root.locator(".sw-slot:visible")).to_have_count(0)
    await person.press_generate()
    await person.sees_video()
    assert person.studio.job.request.images == ()


async def test_a_video_between_two_images(sit, sim, png):
    person = await sit(sim.provider(), request())
    await person.root.get_by_text("First + last", exact=False).first.click()
    await expect(person.root.locator(".sw-blocked")).to_be_visible()
    await drop(person.root.get_by_role("group", name="Last frame"), a_file("end.png", png))
    await person.press_generate()
    await person.sees_video()
    assert person.studio.job.request.last_frame_url.data == png


async def test_a_video_from_reference_images_in_their_order(sit, sim, png):
    person = await sit(sim.provider(), sw.VideoRequest("two boats", **IMAGES))
    await person.root.get_by_text("References", exact=False).first.click()
    await expect(person.generate).to_be_disabled()
    await drop(person.root.get_by_role("group", name="Reference 1"), a_file("one.png", png))
    await drop(person.root.get_by_role("group", name="Reference 2"), a_file("two.png", png))
    await expect(person.root.locator(".sw-slot-filled:visible")).to_have_count(2)
    await person.root.get_by_role("button", name="Move Reference 2", exact=False).first.click()
    await expect(person.root.locator(".sw-slot-name").first).to_have_text("two.png")
    await person.press_generate()
    await person.sees_video()
    assert [image.name for image in person.studio.job.request.reference_image_urls] == ["two.png", "one.png"]


async def test_a_mode_that_the_model_lacks_stays_in_sight_and_says_why(sit, sim):
    person = await sit(sim.provider(), request())
    lacking = person.root.locator(".sw-segment", has_text="References")
    await lacking.click(force=True)  # it says of itself that it is off; a person may press it all the same
    await expect(person.root.locator(".sw-reason")).to_contain_text("Seedance 1.0 Pro takes no reference images")
    assert person.studio.view["mode"] == "first_frame"
    await expect(lacking).to_have_css("text-decoration-line", "line-through")


# --------------------------------------------------------------------------------------------------------- the problems

WRONG = {
    "too few frames between the steps": {"frames": 100, "duration": None},
    "frames and seconds": {"frames": 97, "duration": 4},
    "too long": {"duration": 99},
    "half a second": {"duration": 2.5},
    "a seed below zero": {"seed": -5},
    "a ratio that there is none": {"ratio": "5:4"},
    "adaptive without an image": {"ratio": "adaptive", "first_frame_url": None},
    "a resolution that the model lacks": {"resolution": "4k"},
    "sound from a model without": {"generate_audio": True},
    "flex from a model without": {"service_tier": "flex", "model": "2.0", "duration": 4},
    "a fixed camera from a model without": {"camera_fixed": True, "model": "2.0", "duration": 4},
    "gone before it is made": {"execution_expires_after": 5},
    "a callback that is no address": {"callback_url": "javascript:document.title='taken'"},
    "a model that is misspelt": {"model": "1.0-por"},
    "a last frame for a model without": {"last_frame_url": sw.sample_image(), "model": "1.0-pro-fast"},
    "references for a model without": {"first_frame_url": None, "reference_image_urls": (sw.sample_image(),)},
    "a last frame alone": {"first_frame_url": None, "last_frame_url": sw.sample_image()},
    "two kinds of images": {"reference_image_urls": (sw.sample_image(),), **IMAGES},
    "an image for a model without": {**FAST, "model": "1.0-lite-t2v"},
    "no image for a model that needs one": {**IMAGES, "first_frame_url": None},
    "a watermark of text": {"watermark": "yes"},
    "everything at once": {
        "frames": 100,
        "duration": None,
        "seed": -5,
        "ratio": "5:4",
        "resolution": "4k",
        "generate_audio": True,
        "service_tier": "cheap",
    },
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_what_is_wrong_can_be_pressed_away(sit, sim, wrong):
    person = await sit(sim.provider(), request(**wrong))
    errors = person.root.locator(".sw-problem[data-severity=error]")
    await expect(errors.first).to_be_visible()
    await expect(person.generate).to_be_disabled()
    for _ in range(12):
        if person.studio.view["blocked"] == "":
            break
        revision = person.studio.view["revision"]
        await errors.locator(".sw-fix").first.click()
        await person.stage.until(lambda before=revision: person.studio.view["revision"] > before)
        # The page has drawn it once its footer tells what Python tells.
        blocked = person.root.locator(".sw-blocked")
        await expect(blocked).to_have_text(person.studio.view["blocked"])
    await expect(person.generate).to_be_enabled()
    await expect(errors).to_have_count(0)
    assert [one for one in sw.check(person.studio.request) if one.severity == "error"] == []


# ------------------------------------------------------------------------------------------------------------- the runs


async def test_a_queued_run_is_cancelled_and_nothing_is_billed(sit, sim):
    person = await sit(sim.provider(), request("a boat [sim:queue=6000]"))
    await person.press_generate()
    await expect(person.state()).to_contain_text("Queued")
    await expect(person.rows.first).to_contain_text("Nothing is billed")  # what the button will come to
    await person.rows.first.get_by_role("button", name="Cancel").click()
    await expect(person.state()).to_contain_text("Cancelled")
    await expect(person.failure()).to_contain_text("cancelled before it ran")
    assert any(one.method == "DELETE" for one in sim.requests)
    # And the form is still there for the next one.
    await person.type("another boat")
    await person.press_generate()
    await person.sees_video()


@pytest.mark.parametrize(
    ("word", "said", "advice"),
    [
        ("moderation", "The safety filter refused the prompt.", "Reword the prompt"),
        ("output-moderation", "held back the finished video", "cause"),
        ("overdue", "balance", "Top up"),
    ],
)
async def test_a_refusal_is_explained_with_what_to_do(sit, sim, word, said, advice):
    person = await sit(sim.provider(), request(f"a boat [sim:{word}]"))
    await person.press_generate()
    await expect(person.failure()).to_contain_text(said)
    await expect(person.failure()).to_contain_text(advice)
    await expect(person.state()).to_contain_text("Failed")
    await expect(person.generate).to_be_enabled()


async def test_two_runs_at_once_and_each_shows_its_own_video(sit, sim):
    person = await sit(sim.provider(), request("the first [sim:run=300]", seed=1))
    await person.press_generate()
    await expect(person.rows).to_have_count(1)
    await expect(person.root.get_by_label("Prompt")).to_have_value("the first [sim:run=300]")
    await person.type("the second [sim:run=100]")
    await person.press_generate()
    await expect(person.rows).to_have_count(2)
    for row in (0, 1):
        await expect(person.state(row)).to_contain_text("Succeeded", timeout=60_000)
    names = set()
    for row, prompt in ((0, "the second"), (1, "the first")):
        await person.state(row).click()
        await expect(person.rows.nth(row)).to_contain_text(prompt)
        await person.stage.until(lambda words=prompt: words in selected(person.studio)["prompt"])
        await person.sees_video()
        names.add(selected(person.studio)["video"]["name"])
    assert len(names) == 2


def selected(studio):
    (job,) = [job for job in studio.jobs if job["id"] == studio.selected]
    return job


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def test_a_provider_that_is_down_is_said_and_when_it_is_back_the_same_press_works(sit, tmp_path):
    port = free_port()
    with sw.Simulator(speed=100, port=port) as sim:
        provider = sim.provider()
    person = await sit(provider, request())
    await person.press_generate()
    await expect(person.state()).to_contain_text("Failed", timeout=60_000)
    await expect(person.failure()).to_contain_text("reach")
    with sw.Simulator(speed=100, port=port):
        await person.press_generate()
        await expect(person.rows).to_have_count(2)
        await person.sees_video()


async def test_a_run_outlives_a_provider_that_goes_away_for_a_while(sit, tmp_path):
    port = free_port()
    with sw.Simulator(speed=50, state=tmp_path / "state", port=port) as sim:
        person = await sit(sim.provider(), request("a boat [sim:run=20000]"))
        await person.press_generate()
        await expect(person.state()).to_contain_text("Rendering", timeout=30_000)
    await expect(person.rows.first).to_contain_text("cannot be asked just now", timeout=30_000)
    with sw.Simulator(speed=50, state=tmp_path / "state", port=port) as sim:
        sim.clock.advance(20_000)
        await person.sees_video()


# -------------------------------------------------------------------------------------------------------------- money


async def test_a_billed_run_asks_once_with_its_price(sit, sim):
    billed = sw.providers.Ark(api_key=SECRET, base_url=sim.ark_base_url, limits=sim.provider().limits)
    person = await sit(billed, request())
    await expect(person.root.get_by_text("billed", exact=False).first).to_be_visible()
    await person.press_generate()
    question = person.root.get_by_role("alertdialog")
    await expect(question).to_contain_text("¥")
    await question.get_by_role("button", name="Not yet").click()
    await expect(question).to_be_hidden()
    await expect(person.rows).to_have_count(0)
    await person.press_generate()
    await question.get_by_role("button", name="Send it").click()
    await person.sees_video()
    assert sum(one.method == "POST" for one in sim.requests) == 1


@pytest.mark.parametrize("how", ["mouse", "keys"])
async def test_a_press_that_was_meant_for_generate_answers_no_question(sit, sim, how):
    billed = sw.providers.Ark(api_key=SECRET, base_url=sim.ark_base_url, limits=sim.provider().limits)
    person = await sit(billed, request())
    await expect(person.generate).to_be_enabled()
    question = person.root.get_by_role("alertdialog")
    yes = question.get_by_role("button", name="Send it")
    if how == "mouse":
        box = await person.generate.bounding_box()
        for number in range(6):
            await person.stage.page.mouse.click(box["x"] + box["width"] / 2 - number, box["y"] + box["height"] / 2)
    else:
        await person.generate.focus()
        for _ in range(6):
            await person.stage.page.keyboard.press("Enter")
    await expect(question).to_be_visible()
    await expect(yes).to_be_focused()  # who uses the keyboard hears the question, and has the answer at hand
    await expect(yes).to_be_enabled()
    assert not any(one.method == "POST" for one in sim.requests)
    await person.stage.page.keyboard.press("Enter")
    await person.sees_video()
    assert sum(one.method == "POST" for one in sim.requests) == 1


async def test_presses_that_go_on_and_on_answer_no_question(sit, sim):
    billed = sw.providers.Ark(api_key=SECRET, base_url=sim.ark_base_url, limits=sim.provider().limits)
    person = await sit(billed, request())
    await person.press_generate()
    question = person.root.get_by_role("alertdialog")
    yes = question.get_by_role("button", name="Send it")
    await question.evaluate(
        """async (question) => {
            const [yes, no] = question.querySelectorAll("button");
            for (const begun = performance.now(); performance.now() - begun < 1500; ) {
                (Math.random() < 0.5 ? yes : no).click();
                await new Promise((resolve) => setTimeout(resolve, 100));
            }
        }"""
    )
    await expect(yes).to_be_visible()
    assert not any(one.method == "POST" for one in sim.requests)
    await yes.click()
    await person.sees_video()
    assert sum(one.method == "POST" for one in sim.requests) == 1


async def test_a_key_that_is_held_down_answers_no_question(sit, sim):
    billed = sw.providers.Ark(api_key=SECRET, base_url=sim.ark_base_url, limits=sim.provider().limits)
    person = await sit(billed, request())
    await expect(person.generate).to_be_enabled()
    yes = person.root.get_by_role("alertdialog").get_by_role("button", name="Send it")
    await person.generate.focus()
    await person.stage.page.keyboard.down("Enter")
    await expect(yes).to_be_enabled()
    await person.stage.page.keyboard.down("Enter")  # the key repeats
    await person.stage.page.keyboard.up("Enter")
    await expect(yes).to_be_visible()
    assert not any(one.method == "POST" for one in sim.requests)


async def test_two_views_of_one_studio_ask_one_question_and_buy_one_video(sit, sim, stage):
    billed = sw.providers.Ark(api_key=SECRET, base_url=sim.ark_base_url, limits=sim.provider().limits)
    person = await sit(billed, request())
    other = Person(stage, person.studio, (await stage.surface(person.studio)).root)
    for view in (other, person):
        await view.press_generate()
        await expect(view.root.get_by_role("alertdialog")).to_be_visible()
    await expect(other.root.get_by_role("alertdialog")).to_be_hidden()  # one question at a time
    await person.root.get_by_role("button", name="Send it").click()
    await other.sees_video()
    assert sum(one.method == "POST" for one in sim.requests) == 1


async def test_what_was_typed_the_moment_before_is_sent(sit, sim):
    person = await sit(sim.provider(), request(prompt=""))
    prompt = person.root.get_by_label("Prompt")
    await prompt.focus()
    await person.stage.page.keyboard.insert_text("a boat in the fog")
    await person.stage.page.keyboard.press("Control+Enter")
    await person.sees_video()
    assert person.studio.job.request.prompt == "a boat in the fog"


async def test_a_double_click_buys_one_video(sit, sim):
    person = await sit(sim.provider(), request())
    await expect(person.generate).to_be_enabled()
    await person.generate.dblclick()
    await person.sees_video()
    await expect(person.rows).to_have_count(1)
    assert sum(one.method == "POST" for one in sim.requests) == 1


async def test_a_typed_key_stays_neither_in_the_page_nor_in_the_state(sit, sim):
    person = await sit(sim.provider(), request())
    await person.root.get_by_role("button", name="Simulator", exact=False).first.click()
    await person.root.get_by_label("Volcengine Ark", exact=False).first.check()
    await person.root.get_by_label("Key", exact=False).fill(SECRET)
    await person.root.get_by_role("button", name="Use", exact=True).click()
    await expect(person.root.get_by_role("button", name="billed", exact=False).first).to_be_visible()
    typed = await person.stage.js("() => [...document.querySelectorAll('input')].map((input) => input.value).join()")
    page = await person.stage.page.content()
    state = str(person.studio.get_state())
    assert "very-secret" not in typed + page + state
    assert person.studio.provider.billed


async def test_a_typed_key_goes_to_the_provider_alone_that_it_was_typed_for(sit, sim):
    person = await sit(sim.provider(), request())
    await person.root.get_by_role("button", name="Simulator", exact=False).first.click()
    await person.root.get_by_label("Volcengine Ark", exact=False).first.check()
    key = person.root.get_by_label("Key", exact=False)
    await key.fill(SECRET)
    await person.root.get_by_label("AceDataCloud", exact=False).first.check()
    await expect(key).to_have_value("")
    await key.fill(SECRET)
    await person.root.get_by_label("Simulator", exact=False).last.check()
    await expect(key).to_be_hidden()
    await person.root.get_by_role("button", name="Use", exact=True).click()
    await expect(person.root.locator(".sw-providers")).to_be_hidden()
    assert not person.studio.provider.billed


# -------------------------------------------------------------------------------------------------------- from Python


async def test_a_video_that_is_set_in_python_is_shown_by_itself_until_a_run_is_chosen(sit, sim, tmp_path):
    person = await sit(sim.provider(), request())
    await person.press_generate()
    await person.sees_video()
    path = tmp_path / "elsewhere.mp4"
    path.write_bytes(person.studio.video.path.read_bytes())
    person.studio.video = sw.Video.open(path)
    player = person.root.locator(".sw-player")
    await expect(player).to_have_attribute("aria-label", re.compile("elsewhere.mp4"))
    await expect(player).to_have_attribute("data-loaded", "true", timeout=30_000)
    await expect(person.root.get_by_role("button", name="Vary seed")).to_be_hidden()
    await person.rows.first.locator("button").first.click()
    await expect(player).not_to_have_attribute("aria-label", re.compile("elsewhere.mp4"))


# --------------------------------------------------------------------------------------------------------- hostile text


async def test_hostile_text_from_everywhere_is_text(sit, sim, png, stage):
    person = await sit(sim.provider(), request(f"{HOSTILE} [sim:html]"))
    await drop(person.root.get_by_role("group", name="First frame"), a_file(HOSTILE_NAME, png))
    await expect(person.root.locator(".sw-slot-name").first).to_contain_text("<img src=x")
    await person.press_generate()
    await expect(person.failure()).to_contain_text("<", timeout=30_000)
    await expect(person.rows.first.locator(".sw-job-prompt")).to_contain_text(HOSTILE)
    await person.root.get_by_role("tab", name="Code").click()
    await expect(person.root.locator("pre").first).to_contain_text("<img src=x")
    await person.root.get_by_role("tab", name="Timeline").click()
    await expect(person.root.locator(".sw-timeline li").first).to_be_visible()
    assert await person.root.locator("script, img[src='x'], [onerror], a[href^='javascript']").count() == 0
    assert await stage.page.title() == "stage"


async def test_a_hostile_address_is_refused_and_never_loaded(sit, sim, stage):
    person = await sit(sim.provider(), request(first_frame_url=None))
    await person.root.get_by_text("First frame", exact=True).first.click()
    for address in ("javascript:document.title='taken'", HOSTILE, "file:///etc/passwd", "../../etc/passwd"):
        await drop(person.root.get_by_role("group", name="First frame"), text={"text/uri-list": address})
        refused = person.root.locator(".sw-notice:visible, .sw-problem[data-severity=error]:visible")
        await expect(refused.first).to_be_visible()
        await expect(person.generate).to_be_disabled()
        sources = await stage.js(
            "() => [...document.querySelectorAll('img, video, a')].map((one) => one.src ?? one.href)"
        )
        assert all(one.startswith(("blob:", "data:")) for one in sources if one), sources
    assert await stage.page.title() == "stage"
