"""Columns: what the table of a sweep has beside its axes."""

from __future__ import annotations

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
