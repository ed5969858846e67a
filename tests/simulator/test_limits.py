from __future__ import annotations

import pytest
from simulator_callers import Ark, start

from seedance_widgets.simulator.clock import Clock
from seedance_widgets.simulator.limits import RateLimits
from seedance_widgets.simulator.refusal import Refusal
from seedance_widgets.simulator.validate import validate_ark

MINI = "doubao-seedance-2-0-mini-260615"


def test_without_limits_everything_runs_at_once(sim, ark):
    ids = [ark.made(f"cat {n} [sim:queue=0] [sim:run=50]") for n in range(40)]
    sim.clock.advance(1)
    assert {ark.status(one) for one in ids} == {"running"}


def test_more_than_the_published_number_stay_queued_and_follow_when_one_ends(documented):
    ark = Ark(documented)
    ids = [ark.made(f"cat {n} [sim:queue=0] [sim:run={100 + 10 * n}]", model=MINI) for n in range(5)]
    other = ark.made("another model [sim:queue=0] [sim:run=500]")

    def states():
        documented.clock.advance(1)
        return [ark.status(one) for one in ids]

    assert states() == ["running"] * 3 + ["queued"] * 2
    assert ark.status(other) == "running"
    documented.clock.advance(104)
    assert states() == ["succeeded", "running", "running", "running", "queued"]
    assert ark.delete(ids[1]).status_code == 409
    documented.clock.advance(10)
    assert states() == ["succeeded", "succeeded", "running", "running", "running"]
    documented.clock.advance(10_000)
    assert states() == ["succeeded"] * 5


def test_a_cancelled_task_takes_no_slot(documented):
    ark = Ark(documented)
    ids = [ark.made(f"cat {n} [sim:queue=0] [sim:run=100]", model=MINI) for n in range(5)]
    documented.clock.advance(1)
    assert ark.delete(ids[3]).status_code == 200
    documented.clock.advance(101)
    assert [ark.status(one) for one in ids] == ["succeeded"] * 3 + ["cancelled", "running"]


def test_priority_goes_first_in_the_queue(documented):
    ark = Ark(documented)
    for n in range(3):
        ark.made(f"cat {n} [sim:queue=0] [sim:run={100 + 100 * n}]", model=MINI)
    early = ark.made("early [sim:queue=0] [sim:run=500]", model=MINI)
    urgent = ark.made("urgent [sim:queue=0] [sim:run=500]", model=MINI, priority=9)
    documented.clock.advance(50)
    assert (ark.status(early), ark.status(urgent)) == ("queued", "queued")
    documented.clock.advance(51)
    assert (ark.status(early), ark.status(urgent)) == ("queued", "running")
    documented.clock.advance(100)
    assert ark.status(early) == "running"


def test_4k_has_a_lane_of_its_own(documented):
    ark = Ark(documented)
    model = "doubao-seedance-2-0-260128"
    ids = [ark.made(f"{n} [sim:queue=0] [sim:run=100]", model=model, resolution="4k") for n in range(2)]
    small = ark.made("small [sim:queue=0] [sim:run=100]", model=model, resolution="480p")
    documented.clock.advance(1)
    assert [ark.status(one) for one in (*ids, small)] == ["running", "queued", "running"]


def test_the_queue_has_an_end(documented):
    ark = Ark(documented)
    for n in range(120):
        ark.made(f"cat {n} [sim:queue=1000]")
    answer = ark.create("one more [sim:queue=1000]")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "QuotaExceeded")
    assert "queued" in answer.json()["error"]["message"]


def test_creates_a_minute_are_counted_by_model_in_a_sliding_minute():
    clock = Clock(1.0)
    clock.pause()
    limits = RateLimits("documented", clock)

    def asked(resolution="480p"):
        content = [{"type": "text", "text": "a cat"}]
        return validate_ark({"model": "doubao-seedance-2-0-260128", "content": content, "resolution": resolution})

    for _ in range(100):
        limits.count_create("me", asked())
    clock.advance(30)
    for _ in range(80):
        limits.count_create("me", asked())
    with pytest.raises(Refusal) as refused:
        limits.count_create("me", asked())
    assert (refused.value.status, refused.value.code) == (429, "ModelAccountRpmRateLimitExceeded")
    limits.count_create("somebody else", asked())
    for _ in range(15):
        limits.count_create("me", asked("4k"))
    with pytest.raises(Refusal):
        limits.count_create("me", asked("4k"))
    clock.advance(30.1)
    for _ in range(100):
        limits.count_create("me", asked())
    with pytest.raises(Refusal):
        limits.count_create("me", asked())


@pytest.mark.parametrize(("kind", "rate"), [("get", 20), ("list", 1), ("delete", 20)])
def test_calls_a_second_are_refused_above_the_published_rate_and_taken_below(documented, kind, rate):
    ark = Ark(documented)

    def call():
        return {"get": ark.get, "delete": ark.delete, "list": lambda _: ark.list()}[kind]("x").status_code

    answers = [call() for _ in range(3 * rate)]
    assert answers.count(429) >= rate
    assert 429 not in answers[:rate]
    for _ in range(3 * rate):
        documented.clock.advance(1 / rate)
        assert call() != 429


def test_no_limits_means_none(ark):
    assert {ark.list().status_code for _ in range(30)} == {200}


def test_the_provider_is_told_the_rates_in_our_time():
    with start(speed=50, limits="documented") as sim:
        limits = sim.provider().limits
        assert (limits.get_per_second, limits.list_per_second, limits.speed) == (1000, 50, 50)
        assert limits.max_queued == 120
        assert sim.provider("acedata").limits.batch_ids == 50
    with start(speed=50) as sim:
        provider = sim.provider("ark-ap")
        assert provider.limits.get_per_second is None
        assert provider.limits.real_seconds(100) == 2
        assert (provider.name, provider.billed, provider.base_url) == ("ark-ap", False, sim.ark_base_url)
