"""The Studio in a real kernel, spoken to over its comm as JupyterLab does."""

import json

import pytest

from tests.kernel.comms import size_of

STUDIO = "import asyncio, seedance_widgets as sw\nsw.use(sw.Simulator(speed={speed}).provider())\nstudio = sw.Studio()"
SETTINGS = {"model": "1.0-pro", "resolution": "480p", "duration": 2}
SECRET = "sk-very-secret-0815"


class Desk:
    """A Studio and whoever sits before it."""

    def __init__(self, kernel, speed) -> None:
        self.kernel = kernel
        self.front = kernel.front
        self._run(STUDIO.format(speed=speed))
        self.shown = self._run("studio")
        self.studio = self.front.the("Studio")

    def _run(self, code):
        cell = self.kernel.run(code)
        assert not cell.error, cell.error
        return cell

    def ask(self, kind, *buffers, subshell=None, **payload):
        return self.front.ask(self.studio, kind, *buffers, subshell=subshell, **payload)

    def type(self, prompt, subshell=None):
        self.ask("set", changes={"prompt": prompt}, subshell=subshell)

    def fill(self, prompt):
        self.ask("image.sample", slot="first_frame_url")
        self.ask("set", changes={"prompt": prompt, **SETTINGS})

    def generate(self, subshell=None):
        return self.ask("generate", press="1", subshell=subshell)["job"]

    def value(self, expression):
        return self._run(f"print({expression})").text.strip()

    def job(self):
        return self.studio.state["jobs"][0]


@pytest.fixture
def desk(kernel):
    return Desk(kernel, speed=100)


def test_the_studio_appears_in_few_small_messages(kernel, desk, capsys):
    published = [one for one in kernel.published if one["msg_type"] not in {"status", "execute_input"}]
    size = sum(map(size_of, published))
    with capsys.disabled():
        print(f"\nthe Studio appears with {len(published)} messages, {size:,} bytes")  # noqa: T201  figures to watch
    assert len(published) <= 4
    assert size <= 60_000


def test_messages_are_answered_between_cells(desk):
    desk.type("a boat")
    assert desk.studio.state["view"]["values"]["prompt"] == "a boat"
    assert desk.value("studio.request.prompt") == "a boat"


def test_messages_are_answered_between_cells_on_a_subshell(desk):
    subshell = desk.front.subshell()
    desk.type("a boat", subshell)
    assert desk.value("studio.request.prompt") == "a boat"


@pytest.mark.parametrize("on_subshell", [False, True])
def test_messages_are_answered_while_a_cell_awaits(kernel, desk, on_subshell):
    subshell = desk.front.subshell() if on_subshell else None
    # The cell ends by what the messages do, so that they are handled while it waits, or it never ends.
    waiting = kernel.send(
        "print('waiting')\nwhile studio.request.prompt != 'go on':\n    await asyncio.sleep(0.01)\nprint('gone on')"
    )
    queued = kernel.send("print('next')")
    kernel.until(lambda: "waiting" in kernel.cells[waiting].text)
    for prompt in ("a", "a boat", "go on"):
        desk.type(prompt, subshell)
    assert kernel.wait(waiting).text == "waiting\ngone on\n"
    assert kernel.wait(queued).text == "next\n"
    desk.type("afterwards", subshell)
    assert desk.value("studio.request.prompt") == "afterwards"


def test_messages_on_a_subshell_are_answered_while_a_cell_blocks_in_result(kernel):
    desk = Desk(kernel, speed=20)
    subshell = desk.front.subshell()
    desk.fill("a boat [sim:run=60]")
    desk.generate(subshell)
    blocked = kernel.send("print('blocked'); studio.job.result(); print('done')")
    kernel.until(lambda: "blocked" in kernel.cells[blocked].text)
    desk.type("while it blocks", subshell)
    assert kernel.cells[blocked].text == "blocked\n"
    assert desk.studio.state["view"]["values"]["prompt"] == "while it blocks"
    assert kernel.wait(blocked).text == "blocked\ndone\n"


def test_messages_on_the_main_shell_are_answered_after_a_cell_that_blocks_in_result(kernel):
    desk = Desk(kernel, speed=20)
    desk.fill("a boat [sim:run=30]")
    desk.generate()
    blocked = kernel.send("print('blocked'); studio.job.result(); print('done')")
    queued = kernel.send("print('next')")
    kernel.until(lambda: "blocked" in kernel.cells[blocked].text)
    calls = [desk.front.send(desk.studio, "set", changes={"seed": seed}) for seed in range(5)]
    assert kernel.wait(blocked).text == "blocked\ndone\n"
    for call in calls:
        desk.front.answer(desk.studio, call)
    assert kernel.wait(queued).text == "next\n"
    assert desk.value("studio.request.seed") == "4"


@pytest.mark.parametrize("on_subshell", [False, True])
def test_generate_while_a_cell_awaits_runs_and_its_progress_is_drawn(kernel, desk, on_subshell):
    subshell = desk.front.subshell() if on_subshell else None
    desk.fill("a boat")
    waiting = kernel.send("while studio.video is None:\n    await asyncio.sleep(0.01)\nprint(studio.video.width)")
    job = desk.generate(subshell)
    assert kernel.wait(waiting).text == "864\n"
    kernel.until(lambda: desk.job()["done"])
    assert (desk.job()["id"], desk.job()["state"]) == (job, "succeeded")


def test_a_run_goes_on_between_cells_and_is_drawn(kernel, desk):
    desk.fill("a boat")
    desk.generate()
    kernel.until(lambda: desk.job()["done"])
    assert desk.job()["video"]["width"] == 864
    # What the saved notebook keeps has been brought up to date with it, in the cell that shows the Studio.
    (kept,) = [display_id for display_id in desk.shown.displays if display_id]
    kernel.until(lambda: "<video" in updated(kernel, kept))


def updated(kernel, display_id):
    """What the newest update of a display has put there."""
    updates = [one["content"] for one in kernel.published if one["msg_type"] == "update_display_data"]
    htmls = [one["data"]["text/html"] for one in updates if one["transient"]["display_id"] == display_id]
    return htmls[-1] if htmls else ""


def test_the_stop_button_ends_the_awaiting_and_not_the_run(kernel):
    desk = Desk(kernel, speed=5)
    desk.fill("a boat [sim:queue=0] [sim:run=20]")
    desk.generate()
    waiting = kernel.send("print('waiting'); await studio.job")
    kernel.until(lambda: "waiting" in kernel.cells[waiting].text)
    kernel.manager.interrupt_kernel()
    assert "the job goes on" in kernel.wait(waiting, 10).error
    assert not desk.job()["done"]
    desk.type("another")
    kernel.until(lambda: desk.job()["done"])
    assert desk.job()["state"] == "succeeded"


def test_an_image_arrives_whole_over_a_subshell(kernel, desk, png):
    subshell = desk.front.subshell()
    desk.ask(
        "image.begin", upload="u", slot="first_frame_url", index=None, name="a.png", size=len(png), subshell=subshell
    )
    half = len(png) // 2
    for offset, part in ((0, png[:half]), (half, png[half:])):
        answer = desk.ask("image.chunk", part, upload="u", offset=offset, subshell=subshell)
    assert answer["received"] == len(png)
    slot = desk.studio.state["view"]["images"]["first_frame_url"]
    assert (slot["width"], slot["height"], slot["bytes"]) == (640, 400, len(png))


def test_a_typed_key_is_in_nothing_that_the_kernel_says_or_writes(kernel, desk, home, tmp_path):
    for subshell in (None, desk.front.subshell()):
        desk.ask("provider", name="ark-cn", secret=SECRET, subshell=subshell)
        assert desk.studio.state["header"]["billed"]
        refused = desk.front.send(desk.studio, "provider", name="nobody", secret=SECRET, subshell=subshell)
        kernel.until(lambda call=refused: desk.front.answered(desk.studio, call))
    kernel.run("%xmode Verbose")
    kernel.run("import logging; logging.basicConfig(level=logging.DEBUG, force=True)")
    desk.fill("a boat")
    shown = [
        kernel.run(code)
        for code in (
            "studio.provider",
            "vars(studio), vars(studio.provider), studio.get_state()",
            "await studio.provider.submit(sw.VideoRequest('a boat', model='nothing'))",
            "provider = studio.provider\nraise RuntimeError(provider)",
            "studio._answer({'type': 'provider', 'secret': 1}, [])",
            "import pickle; pickle.dumps(studio.provider)",
        )
    ]
    assert "RuntimeError" in shown[3].error
    # A front end that has just been opened asks for the whole state.
    message = kernel.client.session.msg("comm_msg", {"comm_id": desk.studio.id, "data": {"method": "request_state"}})
    kernel.client.shell_channel.send(message)
    desk.type("afterwards")
    said = json.dumps([one["content"] for one in kernel.published], default=str)
    assert "afterwards" in said
    assert SECRET not in said
    assert "very-secret" not in said
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if b"very-secret" in file.read_bytes()]
