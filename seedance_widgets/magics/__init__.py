"""`%seedance` and `%%seedance`: the words of a notebook for what `sw.use`, `sw.jobs` and `sw.submit` do.

A magic is never awaited by IPython, so the cell magic starts its job and hands the `Job` back: IPython shows its card
and puts it in `_`, and `await _` in the next cell gives the video.
"""

from seedance_widgets.magics.extension import load, unload

__all__ = ["load", "unload"]
