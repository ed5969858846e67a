"""WHO makes the video: wire formats, errors and rates of each service, and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seedance_widgets.providers.base import Limits, Provider, Submitted, Task
from seedance_widgets.providers.records import error_from_dict

if TYPE_CHECKING:
    from seedance_widgets.providers.acedata import AceDataCloud
    from seedance_widgets.providers.ark import Ark

__all__ = ["AceDataCloud", "Ark", "Limits", "Provider", "Submitted", "Task", "error_from_dict"]

# These import httpx, which the package's own import must not wait for.
_LATER = {"Ark": "seedance_widgets.providers.ark", "AceDataCloud": "seedance_widgets.providers.acedata"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
