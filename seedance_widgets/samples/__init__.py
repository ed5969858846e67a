"""A picture to start with, drawn for this package."""

from __future__ import annotations

from pathlib import Path


def sample_image() -> Path:
    """The path of a 1600 x 1000 JPEG, a lighthouse at dusk, to try things with."""
    return Path(__file__).with_name("lighthouse.jpg")
