"""MANY: one request varied over its fields: planned, run, remembered, measured, exported."""

from seedance_widgets.sweep.axes import Axis
from seedance_widgets.sweep.cells import Cell, Cells
from seedance_widgets.sweep.comparison import Comparison, compare
from seedance_widgets.sweep.plan import Plan
from seedance_widgets.sweep.sweep import Sweep

__all__ = ["Axis", "Cell", "Cells", "Comparison", "Plan", "Sweep", "compare"]
