from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

# importlib mode puts no folder on the path: the helper beside this file is loaded by its place.
_spec = importlib.util.spec_from_file_location("simulator_callers", Path(__file__).with_name("simulator_callers.py"))
sys.modules["simulator_callers"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["simulator_callers"])

from simulator_callers import OPENED, AceData, Ark, Receiver, start  # noqa: E402 - the module has just been loaded


@pytest.fixture(autouse=True)
def _close_callers():
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture
def sim():
    with start() as one:
        yield one


@pytest.fixture
def documented():
    with start(limits="documented") as one:
        yield one


@pytest.fixture
def ark(sim):
    return Ark(sim)


@pytest.fixture
def acedata(sim):
    return AceData(sim)


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()
