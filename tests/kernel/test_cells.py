import time

SUBMIT = """
import asyncio, seedance_widgets as sw
sw.use(sw.Simulator(speed={speed}).provider())
request = sw.VideoRequest(
    "a boat {words}", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2
)
"""


def setup(kernel, *, speed=100, words=""):
    cell = kernel.run(SUBMIT.format(speed=speed, words=words))
    assert not cell.error, cell.error


def test_awaiting_in_a_cell_gives_the_video(kernel):
    setup(kernel)
    cell = kernel.run(
        "await sw.generate_video_from_image('a boat', first_frame_url=sw.sample_image(), resolution='480p', duration=2)"
    )
    assert not cell.error, cell.error
    assert "<video" in cell.results[0]["text/html"]
    assert "image/jpeg" in cell.results[0]
    assert any("made in" in update["text/plain"] for update in cell.updates)


def test_submit_returns_at_once_and_awaiting_gives_the_video(kernel):
    setup(kernel, words="[sim:run=60]", speed=50)
    cell = kernel.run("job = sw.submit(request); print(job.status)")
    assert cell.text.strip() == "pending"
    assert kernel.run("video = await job; print(video.width, video.height, job.status)").text == "864 480 succeeded\n"


def test_the_card_follows_the_job_between_cells(kernel):
    setup(kernel, words="[sim:run=60]", speed=50)
    message = kernel.send("job = sw.submit(request); job")
    cell = kernel.wait(message)
    assert any("Simulator" in data["text/html"] for data in cell.displays.values())
    # No cell runs now; the job goes on, and its card with it.
    kernel.until(lambda: any("succeeded" in data["text/plain"] for data in cell.updates))
    assert "<video" in cell.updates[-1]["text/html"]


def test_result_blocks_a_cell_and_the_queued_next_cell_runs(kernel):
    setup(kernel)
    first = kernel.send("print(sw.submit(request).result().frames)")
    second = kernel.send("print('next')")
    assert kernel.wait(first).text == "49\n"
    assert kernel.wait(second).text == "next\n"


def test_run_blocks_a_cell_that_also_awaits(kernel):
    setup(kernel)
    cell = kernel.run("await asyncio.sleep(0); print(sw.run(sw.submit(request)).frames); await asyncio.sleep(0)")
    assert (cell.text, cell.error) == ("49\n", "")


def test_an_exception_in_a_job_that_nobody_awaits_is_on_its_card(kernel):
    setup(kernel, words="[sim:fail]")
    cell = kernel.wait(kernel.send("job = sw.submit(request); job"))
    kernel.until(lambda: any("failed" in data["text/plain"] for data in cell.updates))
    assert "InternalServiceError" in cell.updates[-1]["text/html"]
    assert "ServerError" in kernel.run("job.result()").error


def test_the_stop_button_ends_the_awaiting_and_not_the_job(kernel):
    # In real time the next poll is seconds away: only the heartbeat lets the loop notice the interrupt.
    setup(kernel, words="[sim:queue=0] [sim:run=8]", speed=1)
    kernel.run("job = sw.submit(request)")
    message = kernel.send(
        "async for state in job.watch():\n    if state == 'running': break\nprint('waiting')\nawait job"
    )
    kernel.until(lambda: "waiting" in kernel.cells[message].text)
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    cell = kernel.wait(message, 10)
    assert time.monotonic() - began < 1.5
    assert "the job goes on" in cell.error
    assert kernel.run("print((await job).frames)").text == "49\n"


def test_the_stop_button_ends_result_and_not_the_job(kernel):
    setup(kernel, words="[sim:run=100]", speed=20)
    kernel.run("job = sw.submit(request)")
    message = kernel.send("print('waiting'); job.result()")
    kernel.until(lambda: "waiting" in kernel.cells[message].text)
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    cell = kernel.wait(message, 10)
    assert time.monotonic() - began < 3
    assert "KeyboardInterrupt" in cell.error
    assert kernel.run("print(job.status in ('queued', 'running'), (await job).frames)").text == "True 49\n"


def test_a_key_is_in_no_output_of_a_cell_that_fails(kernel):
    cell = kernel.run(
        "%xmode Verbose\nimport seedance_widgets as sw\n"
        "provider = sw.providers.Ark(api_key='sk-very-secret-0815', base_url='http://127.0.0.1:9')\n"
        "provider"
    )
    assert not cell.error, cell.error
    shown = kernel.run("request = sw.VideoRequest('a boat', model='1.0-pro-fast')\nawait provider.submit(request)", 30)
    assert "ConnectionFailed" in shown.error
    assert "very-secret" not in str(cell) + str(shown)


def test_a_killed_kernel_leaves_nothing_behind_that_resume_does_not_finish(start_kernel):
    first = start_kernel()
    setup_code = "import seedance_widgets as sw; sw.use('simulator')\n"
    cell = first.run(
        setup_code + "job = sw.submit(sw.VideoRequest('a boat [sim:run=120]', first_frame_url=sw.sample_image(), "
        "model='1.0-pro', resolution='480p', duration=2))\n"
        "async for state in job.watch():\n    if state == 'running': break\nprint(job.id)"
    )
    assert not cell.error, cell.error
    job_id = cell.text.strip()
    first.manager.shutdown_kernel(now=True)
    second = start_kernel()
    cell = second.run(setup_code + "jobs = await sw.resume(); print([job.id for job in jobs], jobs[0].status)")
    assert not cell.error, cell.error
    assert cell.text == f"['{job_id}'] succeeded\n"
    cell = second.run("print(len(sw.jobs()), sw.job(jobs[0].task_id).video.frames)")
    assert cell.text == "1 49\n"


def test_old_nesting_is_warned_of_with_the_reason(kernel):
    setup(kernel)
    kernel.run("import nest_asyncio; nest_asyncio.apply()")
    cell = kernel.run("print(sw.submit(request).result().frames)")
    assert cell.text == "49\n"
    assert "loses every click" in cell.stderr
