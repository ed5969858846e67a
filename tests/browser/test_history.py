"""The gallery of the ledger in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

import seedance_widgets as sw

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
    await expect(rows).to_contain_text("link lives")
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


async def test_an_empty_ledger_says_what_will_be_here(stage, sim):
    view = await stage.surface(sw.History())
    await expect(view.root.locator(".sw-none")).to_contain_text("No job yet.")


async def test_find_in_python(ledger):
    history = sw.History()
    assert [job.id for job in history.find("CALM boat")] == [ledger["boat"].id]
    assert len(history.find(state="succeeded")) == 2
    assert history.find(since="2999-01-01") == []
    assert len(history.find(until="2999-01-01", since="2000-01-01")) == 3
