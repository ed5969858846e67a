"""The gallery of the ledger in Chromium."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

import seedance_widgets as sw
from seedance_widgets.jobs import open_ledger
from seedance_widgets.jobs.record import Record
from tests.jobs.left import left_behind
from tests.sweep.sweeps import creates

BASE = sw.VideoRequest("a calm boat", model="1.0-pro", resolution="480p", duration=2)


@pytest.fixture
async def ledger(sim):
    """Three jobs: a boat, a cat, and one that was refused."""
    sw.use(sim.provider())
    boat = sw.submit(BASE)
    cat = sw.submit(BASE.replace(prompt="a cat", model="1.0-pro-fast"))
    bad = sw.submit(BASE.replace(prompt="[sim:moderation]"))
    await boat
    await cat
    with pytest.raises(sw.errors.ModerationError):
        await bad
    yield {"boat": boat, "cat": cat, "bad": bad}
    sw.use(None)


async def test_every_job_is_found_watched_and_tidied(ledger, stage):
    view = await stage.surface(sw.History())
    root = view.root.locator(".sw-history")
    await expect(root).to_have_attribute("data-ready", "true", timeout=30_000)
    rows = root.get_by_role("listitem")
    await expect(rows).to_have_count(3)
    await expect(root.locator(".sw-bar")).to_contain_text(
        "3 jobs · 2 simulated, free · 39,690 tokens, 39,690 estimated (+0.0 %)"
    )
    await root.get_by_label("Search prompts, models, ids").fill("boat")
    await expect(rows).to_have_count(1)
    await expect(rows).not_to_contain_text("link")  # a simulator's clock is not ours
    player = root.locator(".sw-player")
    await expect(player).to_have_attribute("data-loaded", "true", timeout=30_000)
    await stage.screenshot("history")
    await root.get_by_label("Search prompts, models, ids").fill("")
    await root.get_by_label("State", exact=True).select_option("failed")
    await expect(rows).to_have_count(1)
    await expect(root.locator(".sw-result")).to_contain_text("SensitiveContent")
    await root.get_by_label("State", exact=True).select_option("")
    await root.get_by_label("Model", exact=True).select_option("1.0-pro-fast")
    await expect(rows).to_have_count(1)
    path = Path(ledger["cat"].video.path)
    await root.get_by_role("button", name="Delete file").click()
    await expect(root.get_by_role("alertdialog")).to_contain_text("Delete the video file?")
    await expect(root.get_by_role("button", name="Keep it")).to_be_focused()
    await stage.page.keyboard.press("Escape")
    assert path.exists()
    await root.get_by_role("button", name="Delete file").click()
    await root.get_by_role("button", name="Yes, delete").click()
    await expect(root.locator(".sw-news").first).to_contain_text("The file is deleted")
    assert not path.exists()
    await root.get_by_role("button", name="Delete entry").click()
    await root.get_by_role("button", name="Yes, delete").click()
    await expect(rows).to_have_count(0)
    assert len(sw.jobs()) == 2


async def test_settings_are_used_again_and_tasks_adopted(ledger, stage):
    history = sw.History(lang="zh")
    view = await stage.surface(history)
    root = view.root.locator(".sw-history")
    await expect(root).to_have_attribute("data-ready", "true", timeout=30_000)
    await root.get_by_role("listitem").last.click()
    # This page cannot show a widget within a widget: the code that opens the Studio in a cell is copied instead.
    await stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await root.get_by_role("button", name="换 seed").click()
    await expect(root.locator(".sw-news").first).to_contain_text("已复制：粘贴到单元格")
    copied = await stage.js("() => navigator.clipboard.readText()")
    assert history.studio is None
    assert f'sw.Studio(sw.job("{ledger["boat"].id}").request.replace(seed=-1))' in copied
    opened = eval(copied.splitlines()[-1], {"sw": sw})
    assert (opened.request.prompt, opened.request.seed) == ("a calm boat", -1)
    task = ledger["boat"].task_id
    sw.jobs.forget(ledger["boat"].id)
    await root.get_by_label("在别处创建的任务的编号").fill(task)
    await stage.page.keyboard.press("Enter")
    await expect(root.locator(".sw-news").first).to_contain_text(task)
    await expect(root.get_by_role("listitem")).to_have_count(3)
    await stage.until(lambda: sw.job(task).status == "succeeded")
    await stage.screenshot("history-zh")


async def test_what_a_restart_left_is_taken_up_by_a_press(sim, stage, monkeypatch):
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.ark_base_url)
    left = await left_behind(BASE.replace(prompt="a boat [sim:run=60]"), sim.provider())
    ledger = open_ledger()
    ledger.call(ledger.save, (written(2, state="pending", task_id=None, error=None, price=None), []))
    view = await stage.surface(sw.History())
    root = view.root.locator(".sw-history")
    rows = root.locator(".sw-history-list").get_by_role("listitem")
    await expect(rows.first).to_have_attribute("data-state", "queued")
    await root.get_by_role("button", name="Take up 2 unfinished").click()
    await expect(root.locator(".sw-news").first).to_contain_text("2 jobs are followed again; nothing was sent.")
    await expect(rows.first).to_have_attribute("data-state", "succeeded")
    await expect(rows.last).to_have_attribute("data-state", "cancelled")  # it was never sent
    await expect(root.get_by_role("button", name="Take up")).to_be_hidden()
    await expect(root.locator(".sw-player")).to_have_attribute("data-loaded", "true")
    assert sw.job(left).video.frames == 49
    assert len(creates(sim)) == 1


async def test_an_empty_ledger_says_what_will_be_here(stage, sim):
    view = await stage.surface(sw.History())
    none = view.root.locator(".sw-none")
    await expect(none).to_contain_text("No job yet.")
    await expect(none.get_by_role("listitem")).to_contain_text(["sw.Studio()", "sw.generate_video", "task id"])
    await expect(none.get_by_role("button")).to_have_count(0)
    await stage.width(340)
    await stage.screenshot("history-empty")


async def test_find_in_python(ledger):
    history = sw.History()
    assert [job.id for job in history.find("CALM boat")] == [ledger["boat"].id]
    assert len(history.find(state="succeeded")) == 2
    assert history.find(since="2999-01-01") == []
    assert len(history.find(until="2999-01-01", since="2000-01-01")) == 3


HOSTILE = [
    "<img src=x onerror=\"document.title='taken'\"> <script>document.title='taken'</script>",
    "a" * 3000,
    "\u202eright to left\u202c and " + "مرحبا " * 30,
    "line one\nline two\n" * 20,
    "a calm boat on a lake at dawn, mist over the water, the camera moves slowly along the shore " * 8,
    "日落时分的海边，" * 60,
    "",
]


def written(index: int, **changes) -> Record:
    """One of many jobs, with a prompt that somebody else may have written."""
    state = ("succeeded", "failed", "unknown", "running", "expired")[index % 5]
    prompt = HOSTILE[index % len(HOSTILE)]
    error = {"kind": "ModerationError", "message": f"{prompt[:300]} {'x' * 300}", "code": "Sensitive" * 12}
    values = {
        "id": f"job{index:07d}",
        "provider": ("ark-cn", "acedata", "simulator:ark-cn")[index % 3],
        "base_url": "https://x",
        "billed": index % 3 < 2,
        "model": ("doubao-seedance-1-0-pro-250528", f"ep-{'m' * 80}")[index % 2],
        "created_at": time.time() - index * 3000,
        "request": {"prompt": prompt, "resolution": "480p"},
        "owner": "1-gone",
        "state": state,
        "task_id": f"cgt-{'9' * 60}-{index}",
        "error": error if state in {"failed", "unknown", "expired"} else None,
        "ready_at": time.time() - index * 2990 if state == "succeeded" else None,
        "result": {"tokens": 20_000} if state == "succeeded" else {},
        "estimate": {"tokens": 20_100},
        "price": 0.2,
        "currency": "CNY" if index % 2 else "USD",
    }
    return Record(**{**values, **changes})


@pytest.fixture
def crowd():
    """Three hundred jobs."""
    ledger = open_ledger()
    ledger.call(ledger.save, *((written(index), []) for index in range(300)))
    return ledger


@pytest.mark.parametrize("width", [320, 420, 560, 1100])
async def test_three_hundred_jobs_and_hostile_words_fit_into_any_width(crowd, stage, width):
    await stage.width(width)
    view = await stage.surface(sw.History())
    root = view.root.locator(".sw-history")
    await expect(root).to_have_attribute("data-ready", "true")
    await expect(root.locator(".sw-history-list").get_by_role("listitem")).to_have_count(24)
    await stage.screenshot(f"history-crowd-{width}")
    over = await root.evaluate(OVERHANGING)
    assert over == []
    await root.locator(".sw-job-state").nth(1).click()
    await expect(root.locator(".sw-failure")).to_be_visible()
    await stage.screenshot(f"history-chosen-{width}")
    assert await root.evaluate(OVERHANGING) == []
    assert await stage.page.title() != "taken"
    await root.get_by_role("button", name="Show 24 more").click()
    await expect(root.locator(".sw-history-list").get_by_role("listitem")).to_have_count(48)


# What sticks out of the surface to the right; what scrolls by itself may.
OVERHANGING = """root => {
  const edge = root.getBoundingClientRect().right + 0.5;
  const scrolls = one => one !== root && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
  const over = [...root.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > edge);
  return over.filter(one => !scrolls(one.parentElement)).map(one => `${one.tagName}.${one.className}`);
}"""


async def test_nothing_found_leads_back(crowd, stage):
    view = await stage.surface(sw.History())
    root = view.root.locator(".sw-history")
    await root.get_by_label("Search prompts, models, ids").fill("zebra")
    await expect(root.locator(".sw-none")).to_contain_text("No job is like that")
    await root.get_by_role("button", name="Clear the filters").click()
    await expect(root.locator(".sw-history-list").get_by_role("listitem")).to_have_count(24)


async def test_a_day_is_chosen_in_the_dark(crowd, stage):
    await stage.theme("dark")
    view = await stage.surface(sw.History())
    root = view.root.locator(".sw-history")
    since, until = root.get_by_label("From", exact=True), root.get_by_label("To", exact=True)
    # The calendar's own sign is light then.
    assert await since.evaluate("one => getComputedStyle(one).colorScheme") == "dark"
    yesterday = f"{datetime.now().astimezone() - timedelta(days=1):%Y-%m-%d}"
    await since.fill(yesterday)
    await until.fill(yesterday)
    found = sw.History().find(since=yesterday, until=yesterday)
    assert 0 < len(found) < 300
    await expect(root.locator(".sw-bar")).to_contain_text(f"{len(found)} jobs")


async def test_what_may_still_be_fetched_is_deleted_only_after_a_question_that_says_so(stage, home):
    ledger = open_ledger()
    ledger.call(ledger.save, (written(2, task_id="cgt-1"), []), (written(3, task_id="cgt-2"), []))
    view = await stage.surface(sw.History())
    root = view.root.locator(".sw-history")
    await root.get_by_label("State", exact=True).select_option("running")
    await expect(root.locator(".sw-history-list").get_by_role("listitem")).to_have_count(1)
    await expect(root.get_by_role("button", name="Delete entry")).to_be_hidden()
    await root.get_by_label("State", exact=True).select_option("unknown")
    await root.get_by_role("button", name="Delete entry").click()
    await expect(root.get_by_role("alertdialog")).to_contain_text("may still have the video")
    await stage.width(320)
    await stage.screenshot("history-question")
    await root.get_by_role("button", name="Yes, delete").click()
    await expect(root.locator(".sw-news").first).to_contain_text("The entry is deleted")
    assert [job.task_id for job in sw.jobs()] == ["cgt-2"]


async def test_while_a_job_is_under_way_only_that_one_is_asked_for(sim, stage, crowd, monkeypatch):
    asked = []
    history = sw.History()
    usual = history.answer_list
    monkeypatch.setattr(history, "answer_list", lambda query, count: asked.append("list") or usual(query, count))
    watched = history.answer_rows
    monkeypatch.setattr(history, "answer_rows", lambda jobs: asked.append(tuple(jobs)) or watched(jobs))
    job = sw.submit(BASE.replace(prompt="[sim:run=20000]"), sim.provider())
    view = await stage.surface(history)
    root = view.root.locator(".sw-history")
    await expect(root).to_have_attribute("data-ready", "true")
    row = root.locator(".sw-history-list").get_by_role("listitem").first
    await expect(row).to_have_attribute("data-state", "running")
    await stage.until(lambda: (job.id,) in asked)
    sim.clock.advance(20_000)
    await job
    await expect(row).to_have_attribute("data-state", "succeeded")
    looks = [one for one in asked if one != "list"]
    assert looks
    assert set(looks) == {(job.id,)}
    assert asked.count("list") <= 2  # once more where its end was not told before


async def test_jobs_that_are_made_elsewhere_come_by_themselves(sim, stage):
    history = sw.History()
    view = await stage.surface(history)
    root = view.root.locator(".sw-history")
    rows = root.locator(".sw-history-list").get_by_role("listitem")
    await expect(root.locator(".sw-none")).to_contain_text("No job yet.")
    await sw.submit(BASE, sim.provider())
    await expect(rows).to_have_count(1)
    await expect(root.locator(".sw-none")).to_be_hidden()
    await expect(root.locator(".sw-bar")).to_contain_text("1 job")
    await expect(rows.first).to_have_attribute("data-state", "succeeded")
    await expect(root.locator(".sw-player")).to_be_visible()
    # A word that is looked for stays looked for.
    await root.get_by_label("Search prompts, models, ids").fill("cat")
    await expect(rows).to_have_count(0)
    await sw.submit(BASE.replace(seed=2), sim.provider())
    await sw.submit(BASE.replace(prompt="a cat"), sim.provider())
    await expect(rows).to_have_count(1)
    await expect(root.locator(".sw-bar")).to_contain_text("1 job")


async def test_jobs_that_come_take_away_neither_the_chosen_one_nor_the_place(stage, crowd):
    view = await stage.surface(sw.History())
    root = view.root.locator(".sw-history")
    rows = root.locator(".sw-history-list").get_by_role("listitem")
    await expect(rows).to_have_count(24)
    last = rows.last.locator(".sw-job-state")
    await last.click()
    chosen = root.locator(".sw-job[aria-current]")
    prompt = await chosen.locator(".sw-job-prompt").inner_text()
    place = await chosen.bounding_box()
    ledger = open_ledger()
    ledger.call(ledger.save, *((written(index, created_at=time.time()), []) for index in range(1000, 1005)))
    await expect(rows).to_have_count(29)
    await expect(root.locator(".sw-bar")).to_contain_text("305 jobs")
    assert await chosen.locator(".sw-job-prompt").inner_text() == prompt
    await expect(chosen.locator(".sw-job-state")).to_be_focused()
    assert await chosen.bounding_box() == place


async def test_a_ledger_that_cannot_be_read_any_more_is_said_once(stage, crowd, monkeypatch):
    view = await stage.surface(sw.History())
    root = view.root.locator(".sw-history")
    await expect(root).to_have_attribute("data-ready", "true")

    def broken():
        raise sw.errors.StorageError("the ledger cannot be read: disk I/O error.")

    with monkeypatch.context() as other:
        other.setattr("seedance_widgets.widgets.history.come_and_ended", broken)
        await expect(root.get_by_role("alert")).to_contain_text("disk I/O error")
    # Whoever looks again is told of what comes again.
    await root.get_by_role("button", name="Look again").click()
    ledger = open_ledger()
    ledger.call(ledger.save, (written(1000, created_at=time.time()), []))
    await expect(root.locator(".sw-bar")).to_contain_text("301 jobs")
