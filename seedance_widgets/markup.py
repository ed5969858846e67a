"""Markup that every output of ours needs."""

from __future__ import annotations


def text_only(html: str) -> str:
    """Keep a notebook from reading dollar signs as mathematics: prices and `$names` stay what they are.

    Args:
        html: What is shown.
    """
    # The class names by which MathJax, in JupyterLab and in Notebook, passes an element over.
    return f'<div class="mathjax_ignore tex2jax_ignore">{html}</div>'
