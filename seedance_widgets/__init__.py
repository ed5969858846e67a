"""ByteDance Seedance in a notebook: from an image and a sentence to a video, checked, followed and kept.

    import seedance_widgets as sw

    video = await sw.generate_video_from_image("The boat drifts past the lighthouse", first_frame_url="boat.png")

Works with no key on an embedded simulator; with a key it asks Volcengine Ark, BytePlus ModelArk or AceDataCloud.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from seedance_widgets import errors, providers
    from seedance_widgets.api import generate_video, generate_video_from_image
    from seedance_widgets.catalog.tables import model, models
    from seedance_widgets.choice import provider, use
    from seedance_widgets.jobs import Job, job, resume, submit
    from seedance_widgets.jobs import list_jobs as jobs
    from seedance_widgets.notebook.loop import run
    from seedance_widgets.request import Estimate, Image, Problem, VideoRequest, check, estimate
    from seedance_widgets.samples import sample_image
    from seedance_widgets.simulator import Simulator
    from seedance_widgets.storyboard import Storyboard
    from seedance_widgets.sweep import Sweep, compare
    from seedance_widgets.video import Video
    from seedance_widgets.widgets.history import History
    from seedance_widgets.widgets.job_card import JobCard
    from seedance_widgets.widgets.player import Player
    from seedance_widgets.widgets.studio import Studio

__version__ = "0.1.0"

# Imported on first use: a notebook should not wait a second for parts that it may never touch.
_HOMES = {
    "Estimate": "request",
    "History": "widgets.history",
    "Image": "request",
    "Job": "jobs",
    "JobCard": "widgets.job_card",
    "Player": "widgets.player",
    "Problem": "request",
    "Simulator": "simulator",
    "Storyboard": "storyboard",
    "Studio": "widgets.studio",
    "Sweep": "sweep",
    "Video": "video",
    "VideoRequest": "request",
    "check": "request",
    "compare": "sweep",
    "estimate": "request",
    "generate_video": "api",
    "generate_video_from_image": "api",
    "job": "jobs",
    "model": "catalog.tables",
    "models": "catalog.tables",
    "provider": "choice",
    "resume": "jobs",
    "run": "notebook.loop",
    "sample_image": "samples",
    "submit": "jobs",
    "use": "choice",
}
_MODULES = ("errors", "jobs", "providers")  # `jobs` is a module that can be called

__all__ = [
    "Estimate",
    "History",
    "Image",
    "Job",
    "JobCard",
    "Player",
    "Problem",
    "Simulator",
    "Storyboard",
    "Studio",
    "Sweep",
    "Video",
    "VideoRequest",
    "check",
    "compare",
    "errors",
    "estimate",
    "generate_video",
    "generate_video_from_image",
    "job",
    "jobs",
    "model",
    "models",
    "provider",
    "providers",
    "resume",
    "run",
    "sample_image",
    "submit",
    "use",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"seedance_widgets has no {name!r}; it has {', '.join(__all__)}.")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """What `%load_ext seedance_widgets` calls: the magics `%seedance` and `%%seedance`."""
    from seedance_widgets import magics  # noqa: PLC0415  IPython only where it is asked for

    magics.load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """What `%unload_ext seedance_widgets` calls."""
    from seedance_widgets import magics  # noqa: PLC0415  IPython only where it is asked for

    magics.unload(ipython)
