import dataclasses
import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from seedance_widgets.errors import StorageError
from seedance_widgets.jobs.ledger import FILE, Ledger
from seedance_widgets.jobs.record import Event, Record


def record(job_id="a" * 10, **changes) -> Record:
    values = {"provider": "ark-cn", "base_url": "https://x", "billed": True, "model": "1.0-pro", "created_at": 1.0}
    return Record(id=job_id, **{**values, **changes})


@pytest.fixture
def ledger(home):
    opened = Ledger(home)
    yield opened
    opened.close()


def test_a_job_comes_back_as_it_was_written(ledger):
    written = record(
        request={"prompt": "日落 🌅", "seed": 7},
        result={"seed": 3},
        error={"kind": "ServerError", "message": "x"},
        price=0.25,
        owner=ledger.owner,
        state="running",
        task_id="cgt-1",
    )
    ledger.call(ledger.insert, written)
    assert ledger.call(ledger.find, written.id) == written
    assert ledger.call(ledger.find, "cgt-1") == written


def test_saving_keeps_the_timeline_in_order(ledger):
    job = record()
    ledger.call(ledger.insert, job)
    for index, state in enumerate(["submitting", "queued", "running"]):
        job.state = state
        ledger.call(ledger.save, job, [Event(float(index), state, f"step {index}")])
    assert [event.kind for event in ledger.call(ledger.events, job.id)] == ["submitting", "queued", "running"]
    assert ledger.call(ledger.find, job.id).state == "running"


def test_a_row_is_on_the_disk_when_insert_returns(home):
    script = f"""
        import os, sys
        from pathlib import Path
        from seedance_widgets.jobs.ledger import Ledger
        from seedance_widgets.jobs.record import Record
        ledger = Ledger(Path({str(home)!r}))
        ledger.call(ledger.insert, Record(id="x", provider="p", base_url="u", billed=True, model="m", created_at=1.0))
        os.kill(os.getpid(), 9)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False).returncode == -9
    again = Ledger(home)
    assert [row.id for row in again.call(again.all)] == ["x"]
    again.close()


def test_a_damaged_row_hides_no_other(ledger, home):
    ledger.call(ledger.insert, record("good000000"))
    ledger.call(ledger.insert, record("bad0000000"))
    with sqlite3.connect(home / FILE) as other:
        other.execute("UPDATE jobs SET request = '{broken' WHERE id = 'bad0000000'")
    assert [row.id for row in ledger.call(ledger.all)] == ["good000000"]
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "720p") is None


def test_a_file_that_is_no_ledger_is_named(home):
    home.mkdir()
    (home / FILE).write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(StorageError, match="cannot be used"):
        Ledger(home)


def test_a_ledger_of_a_newer_version_is_left_alone(home):
    home.mkdir()
    with sqlite3.connect(home / FILE) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="newer"):
        Ledger(home)


def test_a_home_that_is_a_file_is_named(home):
    home.write_text("I am a file")
    with pytest.raises(StorageError, match="SEEDANCE_HOME"):
        Ledger(home)


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="needs a way to be refused")
def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StorageError):
        Ledger(blocked / "below")


def test_two_processes_take_over_a_dead_ones_jobs_only_once(home):
    first, second = Ledger(home), Ledger(home)
    first.call(first.insert, record("left000000", state="running", task_id="t", owner="999999-dead"))
    first.call(first.insert, record("busy000000", state="running", task_id="u", owner=second.owner))
    taken = first.call(first.claim_unfinished)
    assert [row.id for row in taken] == ["left000000"]
    assert second.call(second.claim_unfinished, ["busy000000"]) == []
    first.close()
    # Its owner is gone now; what it had taken over is free again.
    assert [row.id for row in second.call(second.claim_unfinished, ["busy000000"])] == ["left000000"]
    second.close()


def test_only_what_can_go_on_is_unfinished(ledger):
    states = {
        "pend": {"state": "pending"},
        "subm": {"state": "submitting"},
        "down": {"state": "downloading", "task_id": "t1"},
        "good": {"state": "succeeded", "task_id": "t2"},
        "unkn": {"state": "unknown"},
        "key0": {"state": "unknown", "task_id": "t3"},
        "fail": {"state": "failed", "task_id": "t4", "error": {"kind": "ModerationError"}},
        "lost": {"state": "failed", "task_id": "t5", "ready_at": 9.0, "error": {"kind": "DownloadFailed"}},
        "full": {"state": "failed", "task_id": "t6", "ready_at": 9.0, "error": {"kind": "StorageError"}},
        "none": {"state": "failed", "error": {"kind": "StorageError"}},
    }
    for job_id, values in states.items():
        ledger.call(ledger.insert, record(job_id, owner="1-gone", **values))
    taken = {row.id for row in ledger.call(ledger.claim_unfinished)}
    assert taken == {"pend", "subm", "down", "key0", "lost", "full"}


def test_history_tells_how_long_such_videos_take(ledger):
    for index, seconds in enumerate([30.0, 60.0, 45.0]):
        ledger.call(
            ledger.insert,
            record(
                f"job{index}",
                request={"resolution": "720p"},
                estimate={"typical_seconds": 30.0},
                submitted_at=100.0,
                ready_at=100.0 + seconds,
            ),
        )
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "720p") == 1.5
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "480p") is None


async def test_calls_are_carried_out_in_order_even_if_their_caller_is_cancelled(ledger):
    import asyncio

    job = record()
    task = asyncio.ensure_future(ledger.on_thread(ledger.insert, job))
    await asyncio.sleep(0)
    task.cancel()
    saved = dataclasses.replace(job, state="cancelled")
    await ledger.on_thread(ledger.save, saved)
    assert (await ledger.on_thread(ledger.find, job.id)).state == "cancelled"
