"""The magics in a real kernel: the card, `_`, and completion as a front end asks for it."""

VIEW = "application/vnd.jupyter.widget-view+json"
SETUP = """
%load_ext seedance_widgets
import seedance_widgets as sw
sw.use(sw.Simulator(speed=100).provider())
photo = sw.sample_image()
"""
CELL = "%%seedance first_frame_url=$photo model=1.0-pro resolution=480p duration=2 --out mine\na {boat} drifts;\n"


def completed(kernel, text):
    reply = kernel.client.complete(text, len(text), reply=True, timeout=30)["content"]
    return [text[: reply["cursor_start"]] + one for one in reply["matches"]]


def shown(kernel, message):
    """What a cell displayed, in order."""
    displays = ("display_data", "execute_result")
    return [
        one["content"]["data"]
        for one in kernel.published
        if one["msg_type"] in displays and one["parent_header"].get("msg_id") == message
    ]


def test_a_cell_shows_one_card_and_leaves_the_job(kernel):
    assert not kernel.run(SETUP).error
    message = kernel.send(CELL)
    cell = kernel.wait(message)
    assert not cell.error + cell.stderr
    views = [data for data in shown(kernel, message) if VIEW in data]
    assert len(views) == 1
    assert len(shown(kernel, message)) == 2  # the card, and what is kept of it below
    assert len([one for one in kernel.front.widgets.values() if one.kind == "JobCard"]) == 1
    followed = kernel.run("job = _; video = await _; print(job is mine, type(video).__name__, job.request.prompt)")
    assert followed.text == "True Video a {boat} drifts;\n", followed
    wrong = kernel.run("%%seedance duraton=5\na boat")
    assert not wrong.error
    assert wrong.stderr == "UsageError: %%seedance has no parameter duraton; did you mean duration?\n"
    assert "jobs: 1, 0 unfinished" in kernel.run("%seedance").results[0]["text/plain"]


def test_a_front_end_is_told_the_completions(kernel):
    assert not kernel.run(SETUP).error
    for jedi in (True, False):
        kernel.run(f"get_ipython().Completer.use_jedi = {jedi}")
        assert completed(kernel, "%%seedance first_") == ["%%seedance first_frame_url="]
        assert completed(kernel, "%%seedance first_frame_url=$ph") == ["%%seedance first_frame_url=$photo"]
        assert completed(kernel, "%%seedance resolution=1") == ["%%seedance resolution=1080p"]
        assert completed(kernel, "%seedance prov") == ["%seedance provider"]
