"""What a displayed job leaves in a notebook: a live widget, and under it what is kept of it."""

import re

VIEW = "application/vnd.jupyter.widget-view+json"
SETUP = """
import sys, seedance_widgets as sw
sw.use(sw.Simulator(speed={speed}).provider())
request = sw.VideoRequest(
    "a boat {words}", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2
)
"""


def setup(kernel, *, speed=100, words=""):
    cell = kernel.run(SETUP.format(speed=speed, words=words))
    assert not cell.error, cell.error


def shown(kernel, message):
    """What a cell displayed, in order."""
    displays = ("display_data", "execute_result")
    return [
        one["content"]["data"]
        for one in kernel.published
        if one["msg_type"] in displays and one["parent_header"].get("msg_id") == message
    ]


def saved_ids(data):
    return set(re.findall(r'data-seedance-saved="(\w+)"', data["text/html"]))


def test_a_displayed_job_is_a_widget_with_what_is_kept_of_it_below(kernel):
    setup(kernel)
    message = kernel.send("job = sw.submit(request); job")
    kernel.wait(message)
    view, kept = shown(kernel, message)
    card = kernel.front.the("JobCard")
    assert view[VIEW]["model_id"] == card.id
    assert view["text/html"] == ""
    assert VIEW not in kept
    assert saved_ids(kept) == {card.state["saved_id"]}
    kernel.until(lambda: card.state["job"]["video"])
    kernel.until(lambda: any("<video" in one["text/html"] for one in kernel.cells[message].updates))
    last = kernel.cells[message].updates[-1]
    assert "image/jpeg" in last
    assert "succeeded" in last["text/plain"]
    assert saved_ids(last) == {card.state["saved_id"]}
    assert VIEW not in last


def test_a_video_that_a_cell_waits_for_is_shown_without_work_on_the_loop(kernel):
    setup(kernel)
    cell = kernel.run(
        "video = await sw.generate_video('a boat', model='1.0-pro', resolution='480p', duration=2)\n"
        "print(list(video._posters))"
    )
    assert (cell.text, cell.error) == ("[640]\n", "")


def test_a_job_that_is_shown_again_in_a_later_cell_is_the_same_card(kernel):
    setup(kernel, words="[sim:run=60]", speed=50)
    first = kernel.send("job = sw.submit(request); job")
    kernel.wait(first)
    second = kernel.send("job")
    kernel.wait(second)
    cards = [one for one in kernel.front.widgets.values() if one.kind == "JobCard"]
    assert len(cards) == 1
    assert shown(kernel, second)[0][VIEW]["model_id"] == cards[0].id
    # Both places keep the video in the end.
    kernel.until(lambda: _kept_videos(kernel) == 2)


def _kept_videos(kernel):
    updates = [one["content"] for one in kernel.published if one["msg_type"] == "update_display_data"]
    return len({one["transient"]["display_id"] for one in updates if "<video" in one["data"]["text/html"]})


def test_awaiting_a_job_redraws_its_card_from_the_awaiting_cell(kernel):
    """A tool that executes cell by cell takes in only what belongs to the running cell."""
    setup(kernel, words="[sim:run=60]", speed=50)
    kernel.run("job = sw.submit(request); job")
    cell = kernel.run("video = await job")
    assert any("<video" in one["text/html"] and saved_ids(one) for one in cell.updates)


def test_a_job_of_an_earlier_kernel_is_shown_with_its_video(start_kernel):
    first = start_kernel()
    setup(first)
    task = first.run("print((await sw.submit(request)).task_id)").text.strip()
    first.close()
    second = start_kernel()
    setup(second)
    message = second.send(f"sw.job({task!r})")
    second.wait(message)
    _, kept = shown(second, message)
    assert "<video" in kept["text/html"]
    assert second.front.the("JobCard").state["job"]["video"]["frames"] == 49


def test_resume_shows_the_cards_of_what_it_takes_up(start_kernel):
    first = start_kernel()
    code = (
        "import seedance_widgets as sw; sw.use('simulator')\n"
        "job = sw.submit(sw.VideoRequest('a boat [sim:run=60]', model='1.0-pro', resolution='480p', duration=2))\n"
        "async for state in job.watch():\n    if state == 'running': break\nprint(job.id)"
    )
    cell = first.run(code)
    assert not cell.error, cell.error
    first.manager.shutdown_kernel(now=True)
    second = start_kernel()
    cell = second.run("import seedance_widgets as sw; sw.use('simulator'); jobs = await sw.resume()")
    assert not cell.error, cell.error
    card = second.front.the("JobCard")
    second.until(lambda: card.state["job"]["video"])
    assert any("<video" in one["text/html"] for one in cell.updates)


def test_only_what_is_shown_loads_ipywidgets(kernel):
    setup(kernel)
    loaded = "print('ipywidgets' in sys.modules, 'anywidget' in sys.modules)"
    assert kernel.run(f"job = sw.submit(request); video = await job; {loaded}").text == "False False\n"
    cell = kernel.run(f"display(job); {loaded}")
    assert cell.text == "True True\n"


def test_the_card_answers_while_a_cell_blocks_in_result(kernel):
    setup(kernel, words="[sim:run=200]", speed=50)
    kernel.run("job = sw.submit(request); job")
    card = kernel.front.the("JobCard")
    message = kernel.send("print(job.result().frames)")
    kernel.until(lambda: card.state["job"]["state"] == "running")
    call = kernel.front.send(card, "timeline", job=card.state["job"]["id"])
    kernel.wait(message)
    assert kernel.cells[message].text == "49\n"
    kernel.until(lambda: any(content.get("call") == call and content["ok"] for content, _ in card.customs))
    kernel.until(lambda: card.state["job"]["video"])
