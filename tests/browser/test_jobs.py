"""Runs in the browser: their rows, the result of one, and the card of a job."""

import asyncio
import time

import pytest
import pytest_asyncio
from playwright.async_api import expect

import seedance_widgets as sw
from seedance_widgets.widgets.job_card import JobCard
from seedance_widgets.widgets.job_state import job_state, timeline_state
from seedance_widgets.widgets.media import MediaAnswers, Shelf
from seedance_widgets.widgets.snippets import snippets
from seedance_widgets.widgets.strings import text

HOSTILE = '<img src=x onerror="document.title = 1"></script><b>bold</b>'
PARTS = """
    const { createJobRow } = await import("/assets/jobs.js");
    const { createResult } = await import("/assets/result.js");
    const { createMedia } = await import("/assets/media.js");
    const media = createMedia(rpc);
    const trouble = [];
    root.setAttribute("data-lm-suppress-shortcuts", "true");
"""
ROW = (
    PARTS
    + """
    const selected = [];
    const row = createJobRow({ rpc, t, media, onSelect: (id) => selected.push(id) });
    const draw = () => row.draw(model.get("job"), model.get("selected"));
    model.on("change:job", draw);
    draw();
    root.append(row.element);
    return { row, selected };
"""
)
RESULT = (
    PARTS
    + """
    const used = [];
    const onUse = model.get("form") ? async (job, how) => (used.push([job, how]), null) : undefined;
    const result = createResult({ rpc, t, media, onUse, onTrouble: (words) => trouble.push(words) });
    const draw = () => result.draw({ job: model.get("job"), revision: model.get("revision") ?? undefined });
    ["job", "revision"].forEach((name) => model.on(`change:${name}`, draw));
    draw();
    root.append(result.element);
    return { result, used, trouble };
"""
)
NO_CLIPBOARD = "() => { Object.defineProperty(navigator, 'clipboard', { value: undefined }); }"
STYLES = ("player.css", "jobs.css")


def request(words="", **changes):
    prompt = f"The lighthouse beam sweeps slowly over the evening sea {words}".strip()
    return sw.VideoRequest(
        prompt, sw.sample_image(), **{"model": "1.0-pro", "resolution": "480p", "duration": 2, **changes}
    )


async def reaches(job, state):
    async with asyncio.timeout(30):
        async for now in job.watch():
            if now == state:
                return


class Desk(MediaAnswers):
    """Answers what the parts ask, from the real jobs."""

    def __init__(self, provider, lang="en") -> None:
        self.shelf = Shelf()
        self.jobs = {}
        self.provider = provider
        self.lang = lang
        self.form = request("as typed")
        self.answers = {
            "picture": self.answer_picture,
            "media.read": self.answer_media_read,
            "code": self.code,
            "timeline": lambda job: timeline_state(self.jobs[job], self.lang),
        }

    def state(self, job, **changes):
        self.jobs[job.id] = job
        return {**job_state(job, self.lang, self.shelf), **changes}

    def code(self, job):
        asked = self.form if job is None else self.jobs[job].request
        return snippets(asked, self.provider, self.lang)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(sim):
    return Desk(sim.provider())


@pytest_asyncio.fixture(loop_scope="session")
async def running(desk, sim):
    """A job that stays running."""
    job = sw.submit(request("[sim:run=6000]"), sim.provider())
    await reaches(job, "running")
    return job


@pytest_asyncio.fixture(loop_scope="session")
async def done(desk, sim):
    job = sw.submit(request(seed=7), sim.provider())
    await job
    return job


@pytest_asyncio.fixture(loop_scope="session")
async def refused(desk, sim):
    job = sw.submit(request("[sim:moderation]"), sim.provider())
    await asyncio.gather(job, return_exceptions=True)
    return job


def timed(desk, job, **changes):
    """A state with known times: 2 s queued, 31 s running, 24 s to go."""
    times = {
        "at": time.time(),
        "elapsed": 33.0,
        "spans": [["queued", 2.0], ["running", 31.0]],
        "eta": 24.0,
        "late": False,
    }
    return desk.state(job, **{**times, **changes})


# --------------------------------------------------------------------------------------------------------------- a row


async def test_a_row_ticks_by_itself(stage, desk, running):
    now = await stage.stop_clock()
    view = await stage.mount(ROW, {"job": timed(desk, running, at=now)}, answers=desk.answers, styles=STYLES)
    words = view.root.locator(".sw-job-time")
    before = len(view.model.sent)
    await expect(words).to_have_text("queued 2 s, running 31 s, about 24 s to go")
    await stage.page.clock.run_for(3000)
    await expect(words).to_have_text("queued 2 s, running 34 s, about 21 s to go")
    await stage.page.clock.run_for(120_000)
    await expect(words).to_have_text("queued 2 s, running 2 min 34 s, longer than estimated")
    assert {one["type"] for one in view.model.sent[before:]} <= {"picture"}  # it asks for no time


async def test_the_bar_is_an_estimate_and_stops_short_of_the_end(stage, desk, running):
    now = await stage.stop_clock()
    view = await stage.mount(ROW, {"job": timed(desk, running, at=now)}, answers=desk.answers, styles=STYLES)
    bar = view.root.get_by_role("progressbar", name="Estimated progress")
    assert float(await bar.get_attribute("value")) == pytest.approx(33 / 57, abs=0.001)
    await stage.page.clock.run_for(22_900)
    assert float(await bar.get_attribute("value")) == 0.95
    await stage.page.clock.run_for(3000)
    vague = view.root.get_by_role("progressbar", name="In progress, with no estimate")
    await expect(vague).to_be_visible()
    assert await vague.get_attribute("value") is None
    view.model.update(job=desk.state(running, eta=None, late=False))
    await expect(vague).to_be_visible()


async def test_a_state_that_is_older_than_the_view_is_not_taken_for_new(stage, desk, running):
    now = await stage.stop_clock()
    view = await stage.mount(ROW, {"job": timed(desk, running, at=now - 10)}, answers=desk.answers, styles=STYLES)
    await expect(view.root.locator(".sw-job-time")).to_contain_text("running 41 s")


async def test_a_state_that_comes_in_is_new_whatever_the_kernels_clock_shows(stage, desk, running):
    now, hours = await stage.stop_clock(), 5 * 3600
    view = await stage.mount(ROW, {"job": timed(desk, running, at=now + hours)}, answers=desk.answers, styles=STYLES)
    words = view.root.locator(".sw-job-time")
    await expect(words).to_contain_text("running 31 s")
    view.model.update(job=timed(desk, running, at=now - hours, elapsed=43.0, spans=[["running", 41.0]]))
    await expect(words).to_contain_text("running 41 s")


async def test_changes_of_the_state_are_announced_and_seconds_are_not(stage, desk, running, done):
    await stage.stop_clock()
    view = await stage.mount(ROW, {"job": timed(desk, running)}, answers=desk.answers, styles=STYLES)
    news = view.root.locator(".sw-job > [role=status]")
    await stage.page.clock.run_for(5000)
    await expect(news).to_have_text("")
    view.model.update(job=desk.state(done))
    await expect(news).to_have_text("Succeeded: The lighthouse beam sweeps slowly over the evening sea")
    live = await stage.js(
        "() => document.querySelector('.sw-job-time').closest('[aria-live], [role=status], [role=alert]')"
    )
    assert live is None


async def test_a_row_that_was_let_go_ticks_no_more(stage, desk, running):
    await stage.stop_clock()
    view = await stage.mount(ROW, {"job": timed(desk, running)}, answers=desk.answers, styles=STYLES)
    words = await stage.js(
        "() => { mounted.row.dispose(); return document.querySelector('.sw-job-time').textContent; }"
    )
    assert "running" in words
    await stage.page.clock.run_for(5000)
    await expect(view.root.locator(".sw-job-time")).to_have_text(words)


async def test_a_row_is_selected_with_mouse_and_keyboard(stage, desk, done):
    view = await stage.mount(ROW, {"job": desk.state(done), "selected": True}, answers=desk.answers, styles=STYLES)
    await view.root.get_by_text("480p").click()
    await view.root.get_by_role("button", name="Succeeded").press("Enter")
    assert await stage.js("() => mounted.selected") == [done.id, done.id]
    await expect(view.root.get_by_role("listitem")).to_have_attribute("aria-current", "true")
    await expect(view.root.locator(".sw-thumb img")).to_be_visible()


async def test_text_in_a_row_can_be_marked_without_selecting_the_run(stage, desk, done):
    view = await stage.mount(ROW, {"job": desk.state(done)}, answers=desk.answers, styles=STYLES)
    box = await view.root.locator(".sw-job-line").bounding_box()
    await stage.page.mouse.move(box["x"] + 1, box["y"] + box["height"] / 2)
    await stage.page.mouse.down()
    await stage.page.mouse.move(box["x"] + 90, box["y"] + box["height"] / 2, steps=4)
    await stage.page.mouse.up()
    assert (await stage.js("() => document.getSelection().toString()")).startswith(done.task_id[:5])
    assert await stage.js("() => mounted.selected") == []


async def test_the_cancel_button_says_what_it_means_and_does_what_it_says(stage, desk, running):
    answered = asyncio.Event()

    async def cancel(job, what):
        await answered.wait()
        return {"words": f"{what} of {job == running.id}"}

    view = await stage.mount(
        ROW, {"job": timed(desk, running)}, answers={**desk.answers, "cancel": cancel}, styles=STYLES
    )
    button = view.root.get_by_role("button", name="Stop watching")
    await expect(button).to_have_accessible_description(
        "Simulator cannot cancel it now. It goes on, and its video is still fetched and kept."
    )
    await expect(view.root.get_by_role("tooltip")).not_to_be_visible()
    await button.focus()
    await button.press("Enter")
    await expect(view.root.get_by_role("tooltip")).to_be_visible()
    await expect(button).to_have_attribute("aria-disabled", "true")
    await button.press("Enter")
    answered.set()
    await expect(view.root.get_by_text("put_away of True")).to_be_visible()
    await expect(button).not_to_have_attribute("aria-disabled", "true")
    await expect(button).to_be_focused()
    assert view.model.of("cancel") == [{"job": running.id, "what": "put_away"}]


async def test_a_cancel_that_fails_says_so(stage, desk, running):
    def cancel(job, what):
        raise ValueError("the kernel is gone")

    view = await stage.mount(
        ROW, {"job": timed(desk, running)}, answers={**desk.answers, "cancel": cancel}, styles=STYLES
    )
    await view.root.get_by_role("button", name="Stop watching").click()
    await expect(view.root.get_by_text("the kernel is gone")).to_be_visible()


async def test_hostile_text_in_a_row_is_text(stage, desk, refused):
    state = desk.state(refused, prompt=HOSTILE, note=HOSTILE, line=HOSTILE)
    state["error"] = dict.fromkeys(state["error"], HOSTILE)
    view = await stage.mount(ROW, {"job": state}, answers=desk.answers, styles=STYLES)
    await expect(view.root.locator(".sw-job-prompt")).to_have_text(HOSTILE)
    await expect(view.root.locator(".sw-job-error")).to_contain_text(HOSTILE)
    await expect(view.root.locator("b, script, img:not(.sw-thumb img)")).to_have_count(0)
    assert await stage.page.title() != "1"


async def test_a_run_without_a_picture_shows_its_sign(stage, desk, running):
    view = await stage.mount(ROW, {"job": desk.state(running, poster=None)}, answers=desk.answers, styles=STYLES)
    await expect(view.root.locator(".sw-thumb")).to_have_text("◑")


# ---------------------------------------------------------------------------------------------------------- the result


async def test_an_empty_result_teaches_and_shows_the_form_as_code(stage, desk):
    view = await stage.mount(RESULT, {"job": None, "form": True, "revision": 1}, answers=desk.answers, styles=STYLES)
    await expect(view.root.get_by_text("Your video will be here")).to_be_visible()
    await expect(view.root.get_by_role("listitem")).to_have_count(3)
    await expect(view.root.get_by_role("tab")).to_have_count(1)
    await expect(view.root.locator("pre")).to_contain_text("as typed")
    desk.form = request("typed on")
    view.model.update(revision=2)
    await expect(view.root.locator("pre")).to_contain_text("typed on")
    assert view.model.of("code") == [{"job": None}, {"job": None}]


async def test_code_is_asked_for_only_while_it_is_looked_at(stage, desk, done):
    view = await stage.mount(
        RESULT, {"job": desk.state(done), "form": True, "revision": 1}, answers=desk.answers, styles=STYLES
    )
    view.model.update(revision=2)
    await expect(view.root.get_by_role("tab", name="Facts")).to_have_attribute("aria-selected", "true")
    assert view.model.of("code") == []
    await view.root.get_by_role("tab", name="Code").click()
    await expect(view.root.locator("pre")).to_contain_text("evening sea")
    view.model.update(revision=3)  # the run's request is what it was
    await view.root.get_by_role("button", name="The form").click()
    await expect(view.root.locator("pre")).to_contain_text("as typed")
    await view.root.get_by_role("tab", name="Timeline").click()
    view.model.update(revision=4)
    await expect(view.root.get_by_text("the file is on the disk")).to_be_visible()
    assert view.model.of("code") == [{"job": done.id}, {"job": None}]


async def test_tabs_go_round_with_the_arrow_keys(stage, desk, done):
    view = await stage.mount(RESULT, {"job": desk.state(done)}, answers=desk.answers, styles=STYLES)
    facts = view.root.get_by_role("tab", name="Facts")
    await facts.focus()
    await facts.press("ArrowRight")
    code = view.root.get_by_role("tab", name="Code")
    await expect(code).to_be_focused()
    await expect(code).to_have_attribute("aria-selected", "true")
    await expect(view.root.get_by_role("tabpanel", name="Code")).to_be_visible()
    await code.press("End")
    await expect(view.root.get_by_role("tab", name="Timeline")).to_be_focused()
    await view.root.get_by_role("tab", name="Timeline").press("ArrowRight")
    await expect(facts).to_be_focused()
    await expect(view.root.get_by_role("tabpanel")).to_have_count(1)
    assert [await tab.get_attribute("tabindex") for tab in await view.root.get_by_role("tab").all()] == [
        "0",
        "-1",
        "-1",
    ]


async def test_each_language_of_the_code_can_be_chosen_and_copied(stage, desk, done):
    await stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    view = await stage.mount(RESULT, {"job": desk.state(done)}, answers=desk.answers, styles=STYLES)
    await view.root.get_by_role("tab", name="Code").click()
    await view.root.get_by_role("button", name="curl").click()
    await expect(view.root.locator("pre")).to_contain_text("curl -sS")
    await expect(view.root.get_by_role("button", name="curl")).to_have_attribute("aria-pressed", "true")
    await view.root.get_by_role("button", name="Copy", exact=True).click()
    await expect(view.root.get_by_text("curl copied to the clipboard.")).to_be_visible()
    copied = await stage.js("() => navigator.clipboard.readText()")
    assert copied == next(one["text"] for one in desk.code(done.id) if one["name"] == "curl")


async def test_copy_gives_the_request_as_python(stage, desk, done):
    await stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    view = await stage.mount(RESULT, {"job": desk.state(done)}, answers=desk.answers, styles=STYLES)
    await view.root.get_by_role("button", name="Copy as Python").click()
    await expect(view.root.locator(".sw-said")).to_have_text("Python copied to the clipboard.")
    assert (await stage.js("() => navigator.clipboard.readText()")).startswith("import seedance_widgets as sw")


async def test_copy_works_on_a_page_without_https(stage, desk, done):
    await stage.page.context.grant_permissions(["clipboard-read"])
    await stage.js("() => { window.kept = navigator.clipboard; }")
    await stage.js(NO_CLIPBOARD)
    view = await stage.mount(RESULT, {"job": desk.state(done)}, answers=desk.answers, styles=STYLES)
    await view.root.get_by_role("button", name="Copy as Python").click()
    await expect(view.root.locator(".sw-said")).to_have_text("Python copied to the clipboard.")
    # A selection comes to the clipboard a moment after the page is told that it was copied.
    await stage.page.wait_for_function(
        "async () => (await kept.readText()).startsWith('import seedance_widgets as sw')", timeout=15_000
    )


async def test_where_copying_is_not_allowed_the_code_is_selected(stage, desk, done):
    await stage.js(NO_CLIPBOARD)
    await stage.js("() => { document.execCommand = () => false; }")
    view = await stage.mount(RESULT, {"job": desk.state(done)}, answers=desk.answers, styles=STYLES)
    await view.root.get_by_role("button", name="Copy as Python").click()
    await expect(view.root.get_by_text("press Ctrl+C")).to_be_visible()
    assert (await stage.js("() => document.getSelection().toString()")).startswith("import seedance_widgets as sw")


async def test_a_finished_run_can_be_used_again(stage, desk, done):
    view = await stage.mount(
        RESULT, {"job": desk.state(done), "form": True, "revision": 1}, answers=desk.answers, styles=STYLES
    )
    actions = view.root.get_by_role("group", name="What to do with it")
    await actions.get_by_role("button", name="Last frame → first frame").click()
    await expect(view.root.locator(".sw-said")).to_have_text("The last frame is the form's first frame now.")
    await actions.get_by_role("button", name="Vary seed").click()
    assert await stage.js("() => mounted.used") == [[done.id, "last_to_first"], [done.id, "vary_seed"]]
    await expect(view.root.locator(".sw-said")).to_have_text("The form has this request with another seed now.")
    await actions.get_by_role("button", name="Sweep code").click()
    await expect(view.root.get_by_role("tab", name="Code")).to_have_attribute("aria-selected", "true")
    await expect(view.root.locator("pre")).to_contain_text("sweep = sw.Sweep(base, axes=")
    await expect(view.root.locator(".sw-said")).to_be_empty()


async def test_a_long_prompt_is_readable_in_the_code_and_copied_as_it_is(stage, desk, done):
    line = 'prompt="' + "a calm boat on a wide and quiet sea " * 20 + "x" * 300 + '",'
    code = f"import seedance_widgets as sw\n\nvideo = await sw.generate_video(\n    {line}\n)\n"
    snippets = [{"name": "python", "title": "Python", "language": "python", "text": code}]
    await stage.width(420)
    answers = {**desk.answers, "code": lambda job: snippets}
    view = await stage.mount(RESULT, {"job": desk.state(done)}, answers=answers, styles=STYLES)
    await view.root.get_by_role("tab", name="Code").click()
    box = view.root.locator("pre")
    await expect(box).to_contain_text("a calm boat on a wide")
    assert await box.evaluate("one => one.scrollWidth <= one.clientWidth")
    await stage.screenshot("code-long")
    await stage.js(
        """async () => {
          const { selectText } = await import("/assets/clipboard.js");
          selectText(document.querySelector("pre code"));
        }"""
    )
    assert (await stage.js("() => document.getSelection().toString()")).strip() == code.strip()


async def test_the_video_can_be_downloaded_under_its_name(stage, desk, done, tmp_path):
    view = await stage.mount(RESULT, {"job": desk.state(done)}, answers=desk.answers, styles=STYLES)
    actions = view.root.get_by_role("group", name="What to do with it")
    async with stage.page.expect_download() as download:
        await actions.get_by_role("button", name="Download").click()
    file = await download.value
    assert file.suggested_filename == done.video.path.name
    await file.save_as(tmp_path / "saved.mp4")
    assert (tmp_path / "saved.mp4").read_bytes() == done.video.path.read_bytes()


async def test_a_download_that_fails_is_said(stage, desk, done):
    view = await stage.mount(
        RESULT,
        {"job": desk.state(done, video={**desk.state(done)["video"], "key": "gone"})},
        answers=desk.answers,
        styles=STYLES,
    )
    await view.root.get_by_role("group", name="What to do with it").get_by_role("button", name="Download").click()
    await stage.page.wait_for_function("() => mounted.trouble.length > 0")
    assert "not known here" in (await stage.js("() => mounted.trouble"))[0]


async def test_a_failure_is_explained_and_its_text_is_text(stage, desk, refused):
    state = desk.state(refused)
    view = await stage.mount(RESULT, {"job": state, "form": True, "revision": 1}, answers=desk.answers, styles=STYLES)
    what = view.root.get_by_role("region", name="What happened")
    await expect(what).to_contain_text("InputTextSensitiveContentDetected")
    await expect(what).to_contain_text("The safety filter refused the prompt.")
    await expect(what).to_contain_text("Reword the prompt")
    await expect(what).to_contain_text("Nothing is billed")
    await expect(view.root.get_by_role("button", name="Download").locator("visible=true")).to_have_count(0)
    hostile = {
        **state,
        "prompt": HOSTILE,
        "error": dict.fromkeys(state["error"], HOSTILE),
        "facts": [[HOSTILE, HOSTILE]],
    }
    view.model.update(job=hostile)
    await expect(what.locator("p")).to_have_text(HOSTILE)
    await expect(view.root.locator("dd").last).to_have_text(HOSTILE)
    await expect(view.root.locator("b, script, .sw-failure img, dl img")).to_have_count(0)
    assert await stage.page.title() != "1"


async def test_another_run_takes_the_place_of_the_one_that_was_shown(stage, desk, done, running, refused):
    view = await stage.mount(RESULT, {"job": desk.state(done)}, answers=desk.answers, styles=STYLES)
    player = view.root.locator(".sw-player")
    await expect(player).to_be_visible()
    await view.root.get_by_role("tab", name="Timeline").click()
    await expect(view.root.get_by_text("the file is on the disk")).to_be_visible()
    view.model.update(job=desk.state(running))
    await expect(player).not_to_be_visible()
    await expect(view.root.locator(".sw-stage")).to_contain_text("Rendering")
    await expect(view.root.locator(".sw-stage img")).to_be_visible()
    await expect(view.root.get_by_text("the file is on the disk")).to_have_count(0)
    await expect(view.root.get_by_text("running at the provider")).to_be_visible()
    view.model.update(job=desk.state(refused))
    await expect(view.root.locator(".sw-stage")).not_to_be_visible()
    await expect(view.root.get_by_role("region", name="What happened")).to_be_visible()


# ------------------------------------------------------------------------------------------------------------ the card


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_a_card_from_the_queue_to_the_video(stage, lang):
    with sw.Simulator(speed=20) as sim:
        await stage.width(520)
        job = sw.submit(request("[sim:queue=20000] [sim:run=20000]"), sim.provider())
        await reaches(job, "queued")
        card = JobCard(job, lang=lang)
        view = await stage.surface(card)
        words = {name: text(lang, f"state.{name}") for name in ("queued", "running", "succeeded")}
        await expect(view.root.locator(".sw-job-state")).to_contain_text(words["queued"])
        await expect(view.root.locator(".sw-stage img")).to_be_visible()
        sim.clock.advance(20_000)
        await reaches(job, "running")
        await expect(view.root.locator(".sw-job-state")).to_contain_text(words["running"])
        await stage.screenshot(f"job-card-running-{lang}")
        sim.clock.advance(20_000)
        await job
        await expect(view.root.locator(".sw-job-state")).to_contain_text(words["succeeded"])
        await expect(view.root.locator(".sw-player[data-loaded]")).to_be_visible()
        await expect(view.root.get_by_role("button", name=text(lang, "result.last_to_first"))).not_to_be_visible()
        await stage.screenshot(f"job-card-{lang}")
        await view.root.get_by_role("tab").nth(1).click()
        await expect(view.root.locator("pre")).to_contain_text("sw.generate_video_from_image(")
        await stage.screenshot(f"job-card-code-{lang}")
        await view.root.get_by_role("tab").nth(2).click()
        await expect(view.root.locator(".sw-timeline li").last).to_contain_text("19,845 tokens")
        await stage.width(320)
        await stage.screenshot(f"job-card-timeline-narrow-{lang}")
        wide = await stage.js(
            "() => document.querySelector('.seedance').scrollWidth - document.querySelector('.seedance').clientWidth"
        )
        assert wide == 0
        await view.dispose()
        assert await stage.js("id => stage.model(id).then((m) => m.listening)", view.model.id) == 0


async def test_a_running_card_costs_no_messages(stage, running):
    card = JobCard(running)
    view = await stage.surface(card)
    await expect(view.root.locator(".sw-stage img")).to_be_visible()
    before = view.model.messages
    first = await view.root.locator(".sw-job-time").text_content()
    await expect(view.root.locator(".sw-job-time")).not_to_have_text(first)
    await asyncio.sleep(0)
    assert view.model.messages == before


async def test_a_queued_job_is_cancelled_from_its_card(stage, sim):
    job = sw.submit(request("[sim:queue=6000]"), sim.provider())
    await reaches(job, "queued")
    view = await stage.surface(JobCard(job))
    await view.root.get_by_role("button", name="Cancel").click()
    await expect(view.root.locator(".sw-job-state")).to_contain_text("Cancelled")
    await expect(view.root.get_by_role("region", name="What happened")).to_contain_text("cancelled before it ran")
    assert job.status == "cancelled"
    assert any(one.method == "DELETE" for one in sim.requests)


async def test_stop_watching_and_watch_again(stage, sim):
    job = sw.submit(request("[sim:run=20000]"), sim.provider())
    await reaches(job, "running")
    view = await stage.surface(JobCard(job))
    await view.root.get_by_role("button", name="Stop watching").click()
    await expect(view.root.locator(".sw-job-note")).to_contain_text("The run goes on")
    sim.clock.advance(20_000)
    await job
    await view.root.get_by_role("button", name="Watch again").click()
    await expect(view.root.locator(".sw-player")).to_be_visible()


async def test_a_moderation_failure_on_a_card_says_why_and_what_to_do(stage, refused):
    view = await stage.surface(JobCard(refused))
    what = view.root.get_by_role("region", name="What happened")
    await expect(what).to_contain_text("The safety filter refused the prompt.")
    await expect(what).to_contain_text("Reword the prompt")
    await stage.width(520)
    await stage.screenshot("job-card-failed")


async def test_a_hostile_prompt_on_a_card_is_text(stage, sim):
    job = sw.submit(
        sw.VideoRequest(f"{HOSTILE} [sim:fail]", model="1.0-pro", resolution="480p", duration=2), sim.provider()
    )
    await asyncio.gather(job, return_exceptions=True)
    view = await stage.surface(JobCard(job))
    await expect(view.root.locator(".sw-job-prompt")).to_contain_text(HOSTILE)
    await view.root.get_by_role("tab", name="Code").click()
    await expect(view.root.locator("pre")).to_contain_text("<img src=x")
    await view.root.get_by_role("tab", name="Timeline").click()
    await expect(view.root.locator(".sw-timeline li").first).to_be_visible()
    await expect(view.root.locator("b, script, img:visible")).to_have_count(0)
    assert await stage.page.title() != "1"
