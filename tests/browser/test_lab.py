"""Stories of people with JupyterLab, as it comes: what they do, and what they see."""

import os
import sys

import pytest
from playwright.async_api import expect

STUDIO = "import asyncio, seedance_widgets as sw\nsw.use(sw.Simulator(speed={speed}).provider())"

# A surface in few words, to see that the driver sees.
PROBE = """
import anywidget, traitlets

class Probe(anywidget.AnyWidget):
    count = traitlets.Int().tag(sync=True)
    _esm = '''
    export default {
      render({ model, el }) {
        const count = document.createElement("output");
        const button = document.createElement("button");
        button.textContent = "add";
        button.onclick = () => model.send({});
        model.on("change:count", () => { count.textContent = model.get("count"); });
        el.classList.add("seedance");
        el.append(count, button);
      },
    };
    '''

probe = Probe()
probe.on_msg(lambda *_: setattr(probe, "count", probe.count + 2))
probe
"""


async def test_the_kernel_is_this_python_and_has_no_key(lab):
    await lab.open("import os, sys; print(sys.executable, os.getcwd(), [n for n in os.environ if 'SEEDANCE' in n])")
    assert await lab.run(0) == f"{sys.executable} {os.path.realpath(lab.folder)} []\n"


async def test_a_cell_can_be_run_again_and_all_of_them(lab):
    await lab.open("import time; time.sleep(0.2); n = globals().get('n', 0) + 1; print(n)", "print(n * 10)", "1 / 0")
    for n in (1, 2):
        assert await lab.run(0) == f"{n}\n"
        assert await lab.run(1) == f"{n * 10}\n"
    await lab.run_all()
    assert [await lab.printed(0), await lab.printed(1)] == ["3\n", "30\n"]
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        await lab.run(2)


async def test_a_surface_is_drawn_and_answers_between_cells_and_during_one(lab):
    await lab.open(PROBE, "import asyncio\nwhile probe.count < 6:\n    await asyncio.sleep(0.01)\nprint(probe.count)")
    await lab.run(0)
    count = lab.surface(0).locator("output")
    await lab.surface(0).get_by_role("button").click()
    await expect(count).to_have_text("2")
    await lab.start(1)
    for _ in range(2):
        await lab.surface(0).get_by_role("button").click()
    await expect(count).to_have_text("6")
    await lab.wait_done(1)
    assert await lab.printed(1) == "6\n"
    assert await lab.value("probe.count") == 6


async def test_an_error_of_a_surface_is_trouble(lab):
    await lab.open(PROBE.replace("count.textContent =", "throw new Error('thrown in a surface'); count.textContent ="))
    await lab.run(0)
    await lab.surface(0).get_by_role("button").click()
    await lab.wait_value("probe.count")
    await lab.wait_trouble("thrown in a surface")
    assert len(lab.unexpected()) > 0
    lab.expects("thrown in a surface")
