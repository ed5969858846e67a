"""The widgets in JupyterLab and Chromium: how they appear, how soon a key is checked, how fast bytes travel.

Every figure has its peer in the same page and the same kernel: a plain ipywidgets form, an echo over the same kind of
comm, chunks of 4 MiB that are sent one after the other with nothing around them, the kernel's loop when it is idle.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.measure import Figure, compare

RUNS = 3
KEYS = 30
VIDEO = 60 * 1024 * 1024
IMAGE = 29_000_000
VIDEOS = 10
_PATIENCE = 120_000  # milliseconds

START = (
    f"ROOM = {VIDEO}"
    """
import asyncio, hashlib, time, anywidget, traitlets, ipywidgets
from pathlib import Path
import seedance_widgets as sw

class Bare(anywidget.AnyWidget):
    '''An echo, and chunks with nothing around them.'''
    said = traitlets.Unicode().tag(sync=True)
    _esm = '''
    export default { render({ model, el }) {
      const waiting = [];
      model.on("msg:custom", (message, buffers) => waiting.shift()?.(buffers));
      const ask = (message, buffers = []) =>
        new Promise((resolve) => { waiting.push(resolve); model.send(message, undefined, buffers); });
      el.bare = {
        echo: (text) => new Promise((resolve) => {
          const done = () => { model.off("change:said", done); resolve(); };
          model.on("change:said", done);
          model.send({ echo: text });
        }),
        async pull(size) {
          const parts = [];
          for (let offset = 0; offset < size; offset += 4194304) parts.push((await ask({ offset }))[0]);
          return new Blob(parts).size;
        },
        async push(size) {
          for (let offset = 0; offset < size; offset += 4194304)
            await ask({ push: offset }, [new ArrayBuffer(Math.min(4194304, size - offset))]);
        },
      };
      el.classList.add("bare");
    } };
    '''

def answer(widget, content, buffers):
    if "echo" in content:
        widget.said = content["echo"]
    elif "push" in content:
        taken.append(bytes(buffers[0]))
        widget.send({"got": len(taken)})
    else:
        with open("big.mp4", "rb") as file:
            file.seek(content["offset"])
            widget.send({}, [file.read(4194304)])

taken = []
bare = Bare()
bare.on_msg(answer)
sw.use(sw.Simulator(speed=100).provider())
video = await sw.generate_video("a boat", resolution="480p", duration=2)
data = video.path.read_bytes()
room = ROOM - len(data)
Path("big.mp4").write_bytes(data + room.to_bytes(4, "big") + b"free" + bytes(room - 8))
"""
)

# A key in the prompt until the counter tells of it, and a word until it has come back, in turn; milliseconds each.
KEYS_JS = """
async ([element, area, counter, keys]) => {
  const setter = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
  const ours = [], peer = [];
  for (let i = 0; i < keys; i += 1) {
    let began = performance.now();
    await element.bare.echo("word " + i + Math.random());
    peer.push(performance.now() - began);
    began = performance.now();
    await new Promise((resolve) => {
      const seen = new MutationObserver(() => { seen.disconnect(); resolve(); });
      seen.observe(counter, { childList: true, characterData: true, subtree: true });
      setter.call(area, area.value + " word");
      area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    });
    ours.push(performance.now() - began);
  }
  return { ours, peer };
}
"""

TICKER = """
late = []
async def tick():
    loop = asyncio.get_running_loop()
    due = loop.time() + 0.005
    while True:
        await asyncio.sleep(due - loop.time())
        now = loop.time()
        while due <= now:
            late.append(1000 * (now - due))
            due += 0.005
ticker = asyncio.ensure_future(tick())
"""
# The same ticker in a process that does nothing else: what it is late by, the machine is, not the kernel.
BYSTANDER = f"""
import asyncio, sys
{TICKER.replace("ticker = asyncio.ensure_future(tick())", "")}
async def main():
    task = asyncio.create_task(tick())
    await asyncio.to_thread(sys.stdin.read)
    late.sort()
    print(late[int(len(late) * 0.99)], late[-1])
asyncio.run(main())
"""

# The videos are made in another process, as with a real provider: making them would take the kernel's processor time.
TEN_VIDEOS = f"""
import re, subprocess, sys
from IPython.display import display
from seedance_widgets.simulator import simulator_provider
command = [sys.executable, "-u", "-m", "seedance_widgets.simulator", "--port", "0", "--speed", "20"]
made_by = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
address = next(found[0] for line in made_by.stdout if (found := re.search("http://[0-9.:]+", line)))
there = simulator_provider(address, "ark-cn")
asked = [sw.VideoRequest(f"a boat {{i}}", sw.sample_image(), resolution="480p") for i in range({VIDEOS})]
jobs = [sw.submit(request, there) for request in asked]
for job in jobs:
    display(job)
await asyncio.sleep(0.05)
pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
bystander = subprocess.Popen([sys.executable, "-c", {BYSTANDER!r}], **pipes)
late.clear()  # what came so far is the cell's own work
for job in jobs:
    await job
waited = list(late)
beside = tuple(float(number) for number in bystander.communicate()[0].split())
made_by.terminate()
"""


def run(runs: int = RUNS) -> list[Figure]:
    """Messages and bytes to appear, keys, transfers, and the kernel's loop while ten videos download and play."""
    return [*_appear(), *asyncio.run(_in_lab(runs))]


def _appear() -> list[Figure]:
    from tests.kernel.conftest import Kernel

    form = (
        "import ipywidgets as w\n"
        "rows = [w.HBox([w.Label(f'field {i}'), kind()]) for i, kind in enumerate([w.Text, w.Textarea, w.Dropdown, "
        "w.IntSlider, w.IntText, w.Checkbox, w.ToggleButtons, w.Button, w.FileUpload, w.IntProgress, w.Valid, "
        "w.HTML, w.RadioButtons, w.BoundedIntText, w.Password, w.Accordion, w.Tab, w.Output, w.ToggleButton, "
        "w.Combobox])]\n"
        "w.VBox(rows)"
    )
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        for code in ("import seedance_widgets as sw\nsw.use('simulator')\nsw.Studio()", form):
            kernel = Kernel(Path(folder))
            try:
                cell = kernel.run(code)
                if cell.error:
                    raise RuntimeError(cell.error)
                seen = [one for one in kernel.published if one["msg_type"] not in {"status", "execute_input", "stream"}]
                sizes = [
                    len(json.dumps(one["content"], default=str)) + sum(len(part) for part in one.get("buffers") or ())
                    for one in seen
                ]
                counts.append((len(seen), sum(sizes) / 1000))
            finally:
                kernel.close()
    (ours, kilobytes), (peer, peer_kilobytes) = counts
    return [
        Figure("Studio appears: messages / plain ipywidgets form", ours, peer, "", goal=4, on="ours"),
        Figure("the same, kB", kilobytes, peer_kilobytes, "kB", goal=60, on="ours"),
    ]


async def _in_lab(runs: int) -> list[Figure]:
    from playwright.async_api import async_playwright

    from tests.browser import chromium
    from tests.browser.lab import Desk, LabServer

    with tempfile.TemporaryDirectory() as folder:
        server = LabServer(Path(folder))
        await server.start()
        try:
            async with async_playwright() as playwright:
                browser = await chromium.launch(playwright)
                desk = Desk(server, browser)
                try:
                    lab = await desk.open("bench")
                    return await _measured(lab, runs)
                finally:
                    await desk.forget()
                    await browser.close()
        finally:
            await server.stop()


async def _measured(lab: Any, runs: int) -> list[Figure]:
    cells = ["studio = sw.Studio(); studio", "bare", "sw.Player('big.mp4')"]
    await lab.open(START, *cells, TICKER, "", name="bench")
    await lab.run(0)
    await lab.run(1)
    await lab.run(2)
    studio, bare = lab.surface(1), await lab.output(2).locator(".bare").element_handle()
    area = await studio.get_by_label("Prompt").element_handle()
    counter = await studio.locator(".sw-counter").element_handle()
    keys, pulls, pushes = [], [], []
    for _ in range(runs):
        told = await lab.page.evaluate(KEYS_JS, [bare, area, counter, KEYS])
        keys.append((statistics.median(told["ours"]), statistics.median(told["peer"])))
        await studio.get_by_label("Prompt").fill("a boat")
        pulls.append((await _our_pull(lab), await _timed(lab, bare, "pull", VIDEO)))
        pushes.append((await _our_push(lab, studio), await _timed(lab, bare, "push", IMAGE)))
    idle, fetching, beside, playing = await _stalls(lab)
    return [
        compare("key to validation shown / bare echo", "ms", keys, goal=1.25),
        compare("60 MB to the browser / bare chunks", "ms", pulls, goal=1.25),
        compare("29 MB to the kernel / bare chunks", "ms", pushes, goal=1.25),
        Figure("loop p99 while ten are made, fetched / bystander", fetching[0], beside[0], "ms", goal=20.0, on="ours"),
        Figure("the same, worst", fetching[1], beside[1], "ms"),
        Figure("loop p99 while the page fetches and plays ten / idle", playing[0], idle[0], "ms", goal=20.0, on="ours"),
        Figure("the same, worst", playing[1], idle[1], "ms"),
    ]


async def _timed(lab: Any, bare: Any, what: str, size: int) -> float:
    script = """async ([element, what, size]) => {
        const began = performance.now();
        await element.bare[what](size);
        return performance.now() - began;
    }"""
    return await lab.page.evaluate(script, [bare, what, size])


async def _our_pull(lab: Any) -> float:
    """From the press on play until the player has all of the file; in a fresh view, which has nothing yet."""
    await lab.run(3)
    player = lab.surface(3).locator(".sw-player")
    await player.scroll_into_view_if_needed()
    return await player.evaluate(
        """(element) => new Promise((resolve) => {
            const began = performance.now();
            const seen = new MutationObserver(() => {
                if (element.dataset.loaded !== "true") return;
                seen.disconnect();
                element.querySelector("video").pause();
                resolve(performance.now() - began);
            });
            seen.observe(element, { attributes: true });
            element.querySelector(".sw-player-button").click();
        })"""
    )


async def _our_push(lab: Any, studio: Any) -> float:
    """From the drop of a file until its slot shows it."""
    remove = studio.get_by_role("button", name="Remove First frame")
    if await remove.count() and await remove.is_visible():
        await remove.click()
    slot = studio.locator(".sw-slot").first
    await slot.scroll_into_view_if_needed()
    return await slot.evaluate(
        """(element, { header, size }) => new Promise((resolve) => {
            const bytes = new Uint8Array(size);
            bytes.set(Uint8Array.from(atob(header), (sign) => sign.charCodeAt(0)));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "big.bmp", { type: "image/bmp" }));
            const began = performance.now();
            const seen = new MutationObserver(() => {
                if (element.dataset.filled !== "true") return;
                seen.disconnect();
                resolve(performance.now() - began);
            });
            seen.observe(element, { attributes: true });
            element.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
        })""",
        _bitmap(),
    )


def _bitmap() -> dict[str, Any]:
    """The head of a BMP of 29 MB, whose pixels are all black."""
    from base64 import b64encode

    from PIL import Image

    width, height = 4000, IMAGE // 12000
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "BMP")
    return {"header": b64encode(buffer.getvalue()[:54]).decode("ascii"), "size": len(buffer.getvalue())}


async def _stalls(lab: Any) -> tuple[tuple[float, float], ...]:
    """p99 and worst lateness of a 5 ms ticker: idle; ten are made and fetched; a bystander then; the ten play."""
    await lab.run(4)
    await asyncio.sleep(3)
    idle = await _lateness(lab)
    await lab.page.evaluate(
        """(code) => { const panel = window.jupyterapp.shell.currentWidget;
            panel.content.widgets[5].model.sharedModel.setSource(code); }""",
        TEN_VIDEOS,
    )
    await lab.run(5)
    making = await _lateness(lab, "waited")
    beside = tuple(await lab.value("beside"))
    await lab.value("late.clear()")
    players = lab.output(5).locator(".sw-player")
    for number in range(VIDEOS):
        await players.nth(number).scroll_into_view_if_needed(timeout=_PATIENCE)
        with contextlib.suppress(Exception):
            await players.nth(number).locator(".sw-player-button").first.click(timeout=5000)
    await asyncio.sleep(2)
    return idle, making, beside, await _lateness(lab)


async def _lateness(lab: Any, name: str = "late") -> tuple[float, float]:
    return tuple(await lab.value(f"(sorted({name})[int(len({name}) * 0.99)], max({name}))"))
