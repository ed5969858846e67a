"""How long `import seedance_widgets` takes in a fresh process, against `import ipywidgets`."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.measure import ROOT, Figure, compare, in_turn

RUNS = 15
_EVERYTHING = "import seedance_widgets as sw; [getattr(sw, name) for name in sw.__all__]"


def run(runs: int = RUNS) -> list[Figure]:
    """Figures of the import alone, and of everything that the public names bring when all of them are used."""
    statements = "import seedance_widgets", "import ipywidgets", _EVERYTHING
    for statement in statements:  # compiled, and in the file cache
        _seconds(statement)
    times = in_turn(runs, *(lambda statement=statement: _seconds(statement) for statement in statements))
    return [
        compare("import seedance_widgets / ipywidgets", "ms", [(ours, peer) for ours, peer, _ in times], goal=0.35),
        compare("the same, every public name used", "ms", [(whole, peer) for _, peer, whole in times]),
    ]


def _seconds(statement: str) -> float:
    code = f"import time; began = time.perf_counter(); {statement}; print(time.perf_counter() - began)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000
