from __future__ import annotations

import base64
import io

import pytest

from seedance_widgets.simulator import Simulator


@pytest.fixture
def sim():
    """So fast that a client which polls every few seconds finds the video made at its second look."""
    with Simulator(speed=200, fetch=False) as one:
        yield one


@pytest.fixture
def image_uri():
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (640, 480), (30, 90, 160)).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
