import dataclasses
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from seedance_widgets.errors import StorageError
from seedance_widgets.jobs import owner
from seedance_widgets.jobs.ledger import FILE, Ledger, open_ledger
from seedance_widgets.jobs.record import Event, Record

PRAGMAS = ("journal_mode", "synchronous")


def record(job_id="a" * 10, **changes) -> Record:
    values = {"provider": "ark-cn", "base_url": "https://x", "billed": True, "model": "1.0-pro", "created_at": 1.0}
    values["request"] = {"prompt": "a boat"}
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
    ledger.call(ledger.save, (written, []))
    assert ledger.call(ledger.find, written.id) == written
    assert ledger.call(ledger.find, "cgt-1") == written


def test_saving_keeps_the_timeline_in_order(ledger):
    job = record()
    ledger.call(ledger.save, (job, []))
    for index, state in enumerate(["submitting", "queued", "running"]):
        job.state = state
        ledger.call(ledger.save, (job, [Event(float(index), state, f"step {index}")]))
    assert [event.kind for event in ledger.call(ledger.events, job.id)] == ["submitting", "queued", "running"]
    assert ledger.call(ledger.find, job.id).state == "running"


def test_a_row_is_on_the_disk_when_save_returns(home):
    script = f"""
        import os, sys
        from pathlib import Path
        from seedance_widgets.jobs.ledger import Ledger
        from seedance_widgets.jobs.record import Record
        ledger = Ledger(Path({str(home)!r}))
        record = Record(
            id="x", provider="p", base_url="u", billed=True, model="m", created_at=1.0, request={{"prompt": "a"}})
        ledger.call(ledger.save, (record, []))
        os.kill(os.getpid(), 9)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False).returncode == -9
    again = Ledger(home)
    assert [row.id for row in again.call(again.all)] == ["x"]
    again.close()


DAMAGE = {
    "broken JSON": "request = '{broken'",
    "no prompt": "request = '{}'",
    "a list for the request": "request = '[]'",
    "a field of a later version": """request = '{"prompt": "a", "mood": "sad"}'""",
    "an unknown state": "state = '<img>'",
    "a word for a time": "created_at = 'noon'",
    "no time": "submitted_at = 'noon'",
    "a list for the error": "error = '[]'",
    "a word for the tokens": """result = '{"tokens": "many"}'""",
    "an endless estimate": """estimate = '{"expected_seconds": Infinity}'""",
    "a word for the price": "price = 'dear'",
    "bytes for the task": "task_id = x'00ff'",
    "bytes that are no text for the request": "request = CAST(x'ff7b7dff' AS TEXT)",
    "bytes that are no text for the error": "error = CAST(x'ff7b7dff' AS TEXT)",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_row_hides_no_other(ledger, home, damage):
    import seedance_widgets as sw

    ledger.call(ledger.save, (record("good000000", state="running", task_id="t", owner="1-gone"), []))
    ledger.call(ledger.save, (record("bad0000000", state="running", task_id="u", owner="1-gone"), []))
    with sqlite3.connect(home / FILE) as other:
        other.execute(f"UPDATE jobs SET {DAMAGE[damage]} WHERE id = 'bad0000000'")
    assert [row.id for row in ledger.call(ledger.all)] == ["good000000"]
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "720p") is None
    assert [row.id for row in ledger.call(ledger.claim_unfinished)] == ["good000000"]
    assert [job.id for job in sw.jobs()] == ["good000000"]
    assert "good000000" in repr(sw.jobs()) + sw.jobs()._repr_html_()


def test_a_ledger_that_was_deleted_takes_nothing_more_and_a_new_one_is_made(home):
    first = open_ledger(home)
    first.call(first.save, (record(), []))
    for path in home.glob(f"{FILE}*"):
        path.unlink()
    with pytest.raises(StorageError, match="deleted or replaced while in use"):
        first.call(first.save, (record("b" * 10), []))
    second = open_ledger(home)
    assert second is not first
    second.call(second.save, (record("b" * 10), []))
    assert [row.id for row in second.call(second.all)] == ["b" * 10]
    first.close()


def test_the_ledger_is_opened_once_whatever_thread_asks(home):
    with ThreadPoolExecutor(8) as pool:
        assert len({id(ledger) for ledger in pool.map(lambda _: open_ledger(home), range(8))}) == 1


def test_what_is_written_survives_a_power_cut(ledger):
    # FULL in WAL mode: each commit waits for the disk.
    settings = [ledger.call(lambda name=name: ledger._db.execute(f"PRAGMA {name}").fetchone()[0]) for name in PRAGMAS]
    assert dict(zip(PRAGMAS, settings, strict=True)) == {"journal_mode": "wal", "synchronous": 2}


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
    first.call(first.save, (record("left000000", state="running", task_id="t", owner="999999-dead"), []))
    first.call(first.save, (record("busy000000", state="running", task_id="u", owner=second.owner), []))
    taken = first.call(first.claim_unfinished)
    assert [row.id for row in taken] == ["left000000"]
    assert second.call(second.claim_unfinished, ["busy000000"]) == []
    first.close()
    # Its owner is gone now; what it had taken over is free again.
    assert [row.id for row in second.call(second.claim_unfinished, ["busy000000"])] == ["left000000"]
    second.close()


def test_a_job_being_taken_up_is_not_claimed_twice(ledger):
    ledger.call(ledger.save, (record(state="running", task_id="t", owner="1-gone"), []))
    assert len(ledger.call(ledger.claim_unfinished)) == 1
    assert ledger.call(ledger.claim_unfinished) == []
    ledger.call(ledger.give_back, "a" * 10)
    assert len(ledger.call(ledger.claim_unfinished)) == 1


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
        ledger.call(ledger.save, (record(job_id, owner="1-gone", **values), []))
    taken = {row.id for row in ledger.call(ledger.claim_unfinished)}
    assert taken == {"pend", "subm", "down", "key0", "lost", "full"}


def made(job_id, seconds, *, resolution="720p", ready_at=100.0, **estimate):
    return record(
        job_id,
        request={"prompt": "a boat", "resolution": resolution},
        estimate={"typical_seconds": 30.0} | estimate,
        submitted_at=ready_at - seconds,
        ready_at=ready_at,
    )


def test_history_tells_how_long_such_videos_take(ledger, home):
    for index, seconds in enumerate([30.0, 60.0, 45.0]):
        ledger.call(ledger.save, (made(f"job{index}", seconds), []))
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "720p") == 1.5
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "480p") is None
    assert ledger.call(ledger.lateness, "ark-cn", "1.5-pro", "720p") is None
    assert ledger.call(ledger.lateness, "byteplus", "1.0-pro", "720p") is None
    # Neither those whose end we did not see, nor those that another hand has written, say how long it takes.
    for job_id, typical in {"none": None, "zero": 0, "word": "long"}.items():
        ledger.call(ledger.save, (made(job_id, 600.0, typical_seconds=typical), []))
    ledger.call(ledger.save, (made("resumed", 600.0, resumed=True), []))
    for column, text in {"request": "{", "estimate": '{"typical_seconds":'}.items():
        ledger.call(ledger.save, (made(f"bad-{column}", 600.0), []))
        with sqlite3.connect(home / FILE) as other:
            other.execute(f"UPDATE jobs SET {column} = ? WHERE id = ?", [text, f"bad-{column}"])
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "720p") == 1.5
    with sqlite3.connect(home / FILE) as other:
        other.execute(
            "UPDATE jobs SET estimate = CAST(? AS TEXT) WHERE id = 'word'", [b'{"typical_seconds": "\xff", "x": 1}']
        )
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "720p") == 1.5
    # Only the latest count: providers become faster and slower.
    for index in range(2):
        ledger.call(ledger.save, (made(f"late{index}", 90.0, ready_at=200.0 + index), []))
    assert ledger.call(ledger.lateness, "ark-cn", "1.0-pro", "720p", 2) == 3.0


async def test_calls_are_carried_out_in_order_even_if_their_caller_is_cancelled(ledger):
    import asyncio

    job = record()
    task = asyncio.ensure_future(ledger.on_thread(ledger.save, (job, [])))
    await asyncio.sleep(0)
    task.cancel()
    saved = dataclasses.replace(job, state="cancelled")
    await ledger.on_thread(ledger.save, (saved, []))
    assert (await ledger.on_thread(ledger.find, job.id)).state == "cancelled"


def test_who_asks_whether_a_process_runs_is_not_taken_for_it(home):
    (home / owner.FOLDER).mkdir(parents=True)
    for number in range(40):  # many who ask at once about a process that has gone
        (home / owner.FOLDER / f"1-gone{number}.lock").touch()
        together = threading.Barrier(4)

        def ask(name=f"1-gone{number}", together=together):
            together.wait()
            return owner.is_alive(home, name)

        with ThreadPoolExecutor(4) as pool:
            assert [one.result() for one in [pool.submit(ask) for _ in range(4)]] == [False] * 4
