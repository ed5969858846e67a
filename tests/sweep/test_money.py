"""What a sweep may spend, and what it never buys twice."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from tests.sweep.sweeps import BASE, as_after_a_restart, awaited, creates, sweep_of, until


async def test_equal_requests_are_bought_once(sim):
    sweep = sweep_of(sim, {"seed": [1, 1, 2], "mood": ["calm"]})
    assert sweep.plan().counts == {"send": 2, "same": 1}
    await sweep.run()
    assert len(creates(sim)) == 2
    assert sweep[0].job.id == sweep[1].job.id != sweep[2].job.id


async def test_repeats_of_a_random_seed_are_videos_of_their_own_and_of_a_fixed_one_are_not(sim):
    await sweep_of(sim, {}, BASE.replace(seed=-1), repeats=3).run()
    assert len(creates(sim)) == 3
    fixed = sweep_of(sim, {}, repeats=3)
    assert any("The seed is fixed (5)" in note for note in fixed.plan().notes)
    await fixed.run()
    assert len(creates(sim)) == 4


async def test_what_was_made_before_with_a_fixed_seed_is_taken_from_the_ledger(sim):
    video = await sw.submit(BASE.replace(seed=1), sim.provider())
    sweep = sweep_of(sim)
    assert sweep.plan().counts == {"kept": 1, "send": 2}
    await sweep.run()
    assert len(creates(sim)) == 3
    assert sweep[{"seed": 1}].video == video
    again = sweep_of(sim)
    await again.run()
    assert len(creates(sim)) == 3
    Path(video.path).unlink()
    assert sweep_of(sim).plan().counts == {"send": 1, "kept": 2}


async def test_a_random_seed_is_never_taken_from_the_ledger(sim):
    await sw.submit(BASE.replace(seed=-1), sim.provider())
    assert sweep_of(sim, {"mood": ["{mood}"]}, BASE.replace(seed=-1)).plan().counts == {"send": 1}


async def test_a_billed_sweep_needs_an_agreed_cap_and_keeps_it(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": range(3)}, provider=provider)
    price = sweep.plan().price
    assert price > 0
    with pytest.raises(SweepError, match=r"bills this sweep: 3 videos.*max_cost="):
        await sweep.run()
    with pytest.raises(SweepError, match="over max_cost"):
        await sweep.run(max_cost=price * 0.9)
    assert not creates(sim)
    await sweep.run([0, 1], max_cost=price * 0.7)
    assert sweep.spent == pytest.approx(price * 2 / 3, rel=0.01)
    with pytest.raises(SweepError, match="spent"):
        await sweep.run(max_cost=price * 0.7)
    assert len(creates(sim)) == 2
    await sweep.run(max_cost=float("inf"))
    assert len(creates(sim)) == 3


async def test_a_price_that_nobody_knows_needs_any_price_agreed(sim):
    provider = sw.providers.AceDataCloud("token", base_url=sim.acedata_base_url)
    sweep = sw.Sweep(BASE, {"seed": [1]}, provider=provider)
    with pytest.raises(SweepError, match="no known price"):
        await sweep.run(max_cost=100)
    await sweep.run(max_cost=float("inf"))
    assert sweep[0].state == "succeeded"


async def test_a_preview_that_is_the_final_request_is_made_once(sim):
    sweep = sweep_of(sim, {"mood": ["calm", "wild"]}, BASE.replace(seed=-1))
    await sweep.run(preview=True)
    assert [cell.job is not None for cell in sweep] == [True, True]
    await sweep.run()
    assert len(creates(sim)) == 2


async def test_an_equal_request_that_is_under_way_is_waited_for_and_not_bought_again(sim):
    base = BASE.replace(prompt="a boat [sim:run=100]")
    one, other = (sweep_of(sim, {"seed": [1, 2]}, base) for _ in range(2))
    running = one.run()
    await until(one, lambda: one[0].state == one[1].state == "running")
    assert other.plan().counts == {"kept": 2}
    await asyncio.gather(awaited(running), awaited(other.run()))
    assert [cell.video for cell in other] == [cell.video for cell in one]
    assert other.spent == 0
    assert len(creates(sim)) == 2


def test_a_sweep_without_its_key_reckons_in_its_providers_currency(sim, monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", "key")
    monkeypatch.setenv("ARK_BASE_URL", sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": [1, 2]}, name="boats", provider="ark")
    price = sweep.plan().price
    sweep.save()
    monkeypatch.delenv("ARK_API_KEY")
    loaded = sw.Sweep.load("boats")
    assert loaded.provider is None
    assert (loaded.plan().price, loaded.plan().currency) == (price, "CNY")


def test_what_a_prompt_still_lacks_is_said_before_it_is_paid_for(sim):
    told = sweep_of(sim, {"seed": [1, 2]}).plan().notes
    assert told == ("The prompt holds {mood}, which no axis fills: it is sent as it stands.",)
    assert sweep_of(sim, {"mood": ["calm"]}).plan().notes == ()


async def test_the_cap_counts_what_was_bought_before_a_retry(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": [1]}, provider=provider, max_cost=0.65, name="boats")
    await sweep.run()
    sweep[0].video.path.unlink()
    await sweep.retry(0)
    assert sweep.spent == pytest.approx(2 * 0.297675)
    sweep[0].video.path.unlink()
    with pytest.raises(SweepError, match="go over max_cost"):
        await sweep.retry(0)
    assert len(creates(sim)) == 2
    spent = sweep.spent
    del sweep
    await as_after_a_restart()
    assert sw.Sweep.load("boats").spent == pytest.approx(spent)


def test_two_kernels_that_run_other_cells_at_once_keep_one_cap(sim, in_script, tmp_path):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sw.Sweep(BASE, {"seed": range(12)}, provider=provider, max_cost=6.5 * 0.297675, name="boats").save()
    script = """
        import pathlib, seedance_widgets as sw
        from seedance_widgets.errors import SweepError
        sweep = sw.Sweep.load("boats", sw.providers.Ark("key", base_url={url!r}))
        cells = range({first}, {first} + 6)
        here = pathlib.Path({folder!r})
        (here / "{first}").touch()
        while not ((here / "0").exists() and (here / "6").exists()): pass
        try:
            sw.run(sweep.run(cells))
        except SweepError as error:
            print("go over max_cost" in str(error))
        else:
            print("made")
    """
    scripts = [script.format(url=sim.ark_base_url, first=first, folder=str(tmp_path)) for first in (0, 6)]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(in_script, scripts))
    assert sorted(one.stdout.strip() for one in done) == ["True", "made"], done
    assert len(creates(sim)) == 6


async def test_two_sweeps_with_the_same_seeds_at_the_same_time_buy_each_video_once(sim):
    base = BASE.replace(prompt="a boat")
    slow = sweep_of(sim, {"seed": range(8)}, base, concurrency=1)
    quick = sweep_of(sim, {"seed": range(10)}, base)
    await asyncio.gather(slow.run(), quick.run())
    assert len(creates(sim)) == 10
    assert len(slow.videos) == 8
    assert len(quick.videos) == 10
    assert {video.path for video in slow.videos} < {video.path for video in quick.videos}


async def test_a_cancel_leaves_what_another_sweep_has_sent(sim):
    base = BASE.replace(prompt="a boat [sim:queue=100]")
    one, other = sweep_of(sim, {"seed": range(2)}, base), sweep_of(sim, {"seed": range(3)}, base)
    first = one.run()
    await until(one, lambda: all(cell.state == "queued" for cell in one))
    second = other.run([0, 1])
    await until(other, lambda: other[1].job is not None)
    assert await other.cancel() == "there was nothing to cancel"
    await one.cancel()
    await first
    await second
    assert {cell.state for cell in one} == {"cancelled"}


async def test_max_jobs_counts_every_job_that_may_have_made_a_video(sim):
    base, moods = BASE.replace(seed=-1, resolution="720p"), ["calm", "wild", "sad [sim:fail]"]
    sweep = sweep_of(sim, {"mood": moods}, base, max_jobs=3, name="boats")
    assert "3 to send · 3 of 3 jobs · " in sweep.plan().total()
    await sweep.run(preview=True)
    with pytest.raises(SweepError, match=r"allows 3 in all; 3 more on top of 2 would be too many\. Nothing was sent"):
        await sweep.run()
    await sweep.run([1])  # one failed before its video was made: there is room for one
    with pytest.raises(SweepError, match=r"allows 3 in all; 1 more on top of 3"):
        await sweep.run([0])
    assert len(creates(sim)) == 4
    del sweep
    await as_after_a_restart()
    again = sw.Sweep.load("boats", provider=sim.provider())
    assert again.max_jobs == 3
    with pytest.raises(SweepError, match="more on top of 3"):
        await again.run([0])
    again.max_jobs = 4
    await again.run([0])
    assert len(creates(sim)) == 5
    with pytest.raises(SweepError, match=r"allows 2 in all; 3 would be too many"):
        await sweep_of(sim, {"mood": moods}, base, max_jobs=2).run()


async def test_max_jobs_counts_what_waits_for_its_turn(sim):
    base = BASE.replace(prompt="a boat [sim:run=60]", seed=-1)
    sweep = sweep_of(sim, {"duration": [2, 3, 4, 5]}, base, max_jobs=3, concurrency=1)
    first = sweep.run([0, 1])
    await until(sweep, lambda: len(sweep.book.waiting) == 1)
    with pytest.raises(SweepError, match="2 more on top of 2"):
        await sweep.run([2, 3])
    second = sweep.run([2])
    await first
    await second
    assert len(creates(sim)) == 3


def test_caps_and_providers_that_are_set_later_are_checked_too(sim):
    sweep = sweep_of(sim)
    for wrong in (float("nan"), "5", -1):
        with pytest.raises(SweepError, match="max_cost must be"):
            sweep.max_cost = wrong
    for name in ("max_jobs", "concurrency"):
        for wrong in (0, 1.5, True, "3"):
            with pytest.raises(SweepError, match=f"{name} must be a whole number"):
                setattr(sweep, name, wrong)
    assert not sweep.billed
    sweep.provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    assert sweep.billed
    with pytest.raises(SweepError, match="Nothing was sent"):
        sw.run(sweep.run())
    assert creates(sim) == []


async def test_another_provider_may_be_set_after_a_run(sim):
    sweep = sweep_of(sim, {"mood": ["calm", "wild [sim:fail]"]}, name="boats")
    await sweep.run()
    assert sweep[1].state == "failed"
    sweep.provider = sim.provider("byteplus")
    await sweep.retry(1)
    sweep.mark(0, star=True)
    assert [cell.job.provider for cell in sweep] == ["simulator:ark-cn", "simulator:ark-ap"]
    del sweep
    await as_after_a_restart()
    assert sw.Sweep.load("boats").provider_id == "simulator:ark-ap"
    with pytest.raises(SweepError, match="there is a sweep called 'boats' with other cells"):
        sweep_of(sim, {"mood": ["calm", "wild [sim:fail]"]}, name="boats").save()


def test_a_plan_says_that_it_will_be_refused(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    sweep = sw.Sweep(BASE, {"seed": range(8)}, provider=provider, max_jobs=3, max_cost=0.5)
    assert " · 8 of 3 jobs, which is refused · " in sweep.plan().total()
    assert " of ¥0.50, which is refused · " in sweep.plan().total()
    assert "refused" not in sweep.plan([0]).total()
