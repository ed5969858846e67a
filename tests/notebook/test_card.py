"""Cards and tables: every text in them is text, and what they say of money is true."""

import pytest

from seedance_widgets.notebook.card import SIGNS, Card, jobs_html, jobs_text

HOSTILE = '<img src=x onerror="alert(1)"></script><script>alert(2)</script>'


def card(**changes) -> Card:
    values = {
        "id": "0123456789",
        "prompt": "a boat",
        "state": "running",
        "provider": "Volcengine Ark",
        "billed": True,
        "task_id": "cgt-1",
        "model": "1.0-pro",
        "elapsed": 31.0,
        "eta": 24.0,
        "note": "",
        "error": None,
        "price": 0.26,
        "currency": "USD",
        "tokens": None,
        "video": None,
    }
    return Card(**{**values, **changes})


@pytest.mark.parametrize("field", ["prompt", "provider", "task_id", "model", "note", "error", "id"])
def test_a_hostile_text_is_text_and_never_markup(field):
    shown = card(**{field: HOSTILE, "state": "failed"})
    for page in (shown.html(), jobs_html([shown])):
        assert "<img" not in page
        assert "<script" not in page
        assert "</script" not in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "about $0.26"),
        ({"state": "succeeded", "tokens": 5}, "$0.26"),
        ({"currency": "CNY"}, "about ¥0.26"),
        ({"price": None}, "billed"),
        ({"billed": False}, "free"),
        ({"state": "failed"}, "not billed"),
        ({"state": "failed", "tokens": 5}, "$0.26"),
        ({"state": "failed", "ready_at": 1.0}, "about $0.26"),  # the video was made, its file did not come
        ({"state": "expired", "ready_at": 1.0, "price": None}, "billed"),
        ({"price": 0.0052}, "about $0.0052"),
        ({"state": "cancelled"}, "not billed"),
        ({"state": "unknown"}, "perhaps billed"),
    ],
)
def test_what_it_costs_is_said_in_words(changes, words):
    shown = card(**changes)
    assert shown.cost_words() == words
    assert words in shown.text()
    assert words in shown.html()


def test_an_estimate_is_called_one_and_stops_short_of_the_end():
    assert "about 24 s to go" in card().text()
    assert '<progress value="0.95"' in card(elapsed=1000.0, eta=1.0).html()
    assert "<progress" not in card(eta=None).html()


@pytest.mark.parametrize("state", SIGNS)
def test_each_state_has_a_sign_and_a_word(state):
    page = card(state=state).html()
    assert SIGNS[state] in page
    assert f"<strong>{state}</strong>" in page


def test_a_table_counts_its_jobs():
    assert "1 job<" in jobs_html([card()])
    assert "2 jobs<" in jobs_html([card(), card()])
    assert jobs_text([card()]).count("\n") == 0


def test_in_a_terminal_a_job_is_one_line_and_no_widget(in_script):
    done = in_script("""
        import sys
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        shell.run_cell(
            "import seedance_widgets as sw; sw.use('simulator'); "
            "job = sw.submit(sw.VideoRequest('a boat', model='1.0-pro', resolution='480p', duration=2)); job"
        )
        shell.run_cell("video = job.result()")
        print("ipywidgets" in sys.modules, shell.user_ns["job"].status)
    """)
    assert done.stdout.count("· Simulator, free ·") == 1
    assert done.stdout.endswith("False succeeded\n"), done.stderr
