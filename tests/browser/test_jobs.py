"""Runs in the browser: their rows, the result of one, and the card of a job."""

import asyncio

import pytest
from playwright.async_api import expect

import seedance_widgets as sw
from seedance_widgets.widgets.job_card import JobCard

FAST = {"model": "1.0-pro", "resolution": "480p", "duration": 2}


def request(words="", **changes):
    prompt = f"The lighthouse beam sweeps slowly over the evening sea {words}".strip()
    return sw.VideoRequest(prompt, sw.sample_image(), **{**FAST, **changes})


async def reaches(job, state):
    async with asyncio.timeout(30):
        async for now in job.watch():
            if now == state:
                return


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_a_card_in_pictures(stage, lang):
    with sw.Simulator(speed=5) as sim:
        await stage.width(520)
        job = sw.submit(request("[sim:queue=3] [sim:run=40]"), sim.provider())
        await reaches(job, "queued")
        card = JobCard(job, lang=lang)
        view = await stage.surface(card)
        await stage.screenshot(f"jobs-queued-{lang}")
        await reaches(job, "running")
        await stage.until(lambda: card.job["state"] == "running")
        await asyncio.sleep(2.2)
        await stage.screenshot(f"jobs-running-{lang}")
        await stage.width(320)
        await stage.screenshot(f"jobs-running-{lang}-narrow")
        await stage.width(520)
        await job
        await stage.until(lambda: card.job["video"])
        await expect(view.root.locator(".sw-player[data-loaded]")).to_be_visible()
        await stage.screenshot(f"jobs-done-{lang}")
        await view.root.get_by_role("tab").nth(1).click()
        await asyncio.sleep(0.5)
        await stage.screenshot(f"jobs-code-{lang}")
        await view.root.get_by_role("tab").nth(2).click()
        await asyncio.sleep(0.5)
        await stage.screenshot(f"jobs-timeline-{lang}")
        await stage.width(320)
        await stage.screenshot(f"jobs-timeline-{lang}-narrow")
