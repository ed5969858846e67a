"""The README's code is code: it names what there is, and what sends nothing gives what is said beside it."""

import ast
import functools
import re
from pathlib import Path

import pytest

import seedance_widgets as sw

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=[block.partition("\n")[0][:40] for block in BLOCKS])
def test_a_block_is_python_and_names_what_there_is(block):
    compile(block, README.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for names in re.findall(r"\bsw\.(\w+(?:\.\w+)*)", block):
        functools.reduce(getattr, names.split("."), sw)


def test_the_ways_to_lay_out_a_sweep_make_as_many_cells_as_it_says(sim, monkeypatch):
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.ark_base_url)
    (block,) = (one for one in BLOCKS if 'mode="zip"' in one)
    given = {"sw": sw, "base": sw.VideoRequest("The boat drifts over {sea}", model="1.0-pro")}
    sweeps = []
    for statement in ast.parse(block).body:
        if isinstance(statement, ast.Expr):
            sweeps.append(eval(ast.unparse(statement), given))
        else:
            exec(ast.unparse(statement), given)
    assert [len(sweep) for sweep in sweeps] == [2, 5, 6]
    assert {sweep.axes[0].labels for sweep in sweeps} == {("calm", "wild")}
    assert sweeps[2].plan().counts == {"send": 6}
