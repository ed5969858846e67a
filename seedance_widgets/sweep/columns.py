"""Columns: what the table of a sweep has beside its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What is known of each cell; `Cell.row` fills them.
OWN = (
    "cell",
    "state",
    "preview",
    "used_seed",
    "tokens",
    "price",
    "currency",
    "seconds",
    "estimated_tokens",
    "job",
    "task_id",
    "video",
    "error",
    "refusal",
    "star",
    "rating",
    "note",
)
# What is computed from the videos; `measure` tells what each one is.
MEASURED = (
    "first_frame_psnr",
    "first_frame_ssim",
    "last_frame_psnr",
    "last_frame_ssim",
    "motion",
    "sharpness",
    "flicker",
    "loop_seam",
    "brightness",
)
MEASURE_ERROR = "measure_error"  # why a video could not be measured
TABLE = frozenset({*OWN, *MEASURED, MEASURE_ERROR})
_NUMBERS = ("used_seed", "tokens", "price", "seconds", "estimated_tokens", "rating", *MEASURED)


def to_pandas(rows: Sequence[dict[str, Any]]) -> Any:
    """The rows as a `pandas.DataFrame`; a column of numbers is one also where none is known yet: NaN.

    Raises:
        ConfigurationError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415  half a second, and not everybody has it
    except ImportError:
        raise ConfigurationError(
            "to_pandas needs pandas: pip install pandas. `rows()` gives the same as a list of dicts."
        ) from None
    frame = pd.DataFrame(rows)
    unknown = [name for name in _NUMBERS if name in frame and frame[name].isna().all()]
    return frame.astype(dict.fromkeys(unknown, float))
