"""What a saved notebook keeps of a widget: an output of its own, which is hidden as long as the widget lives.

A front end without the widget's model shows "Error displaying widget" and none of the widget output's other forms
(measured with JupyterLab 4.6), so that the picture, the video and the facts need a second output.
"""

from __future__ import annotations

from typing import Any

from seedance_widgets.markup import text_only

# Hides that line, or the one that says that the widget is looked for: text alone, where a widget has elements.
_HIDE_ERROR = (
    "<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child [data-seedance-saved='{id}']) "
    ".jp-OutputArea-output:not(:has(*)){{display:none}}</style>"
)


def saved_bundle(saved_id: str, bundle: dict[str, Any]) -> dict[str, Any]:
    """Mark a MIME bundle as what is kept of the widget with this id.

    Args:
        saved_id: Letters and digits; the widget's browser side hides what carries it.
        bundle: What is shown where the widget does not live.
    """
    kept = text_only(bundle.get("text/html", ""))
    html = f'<div data-seedance-saved="{saved_id}">{kept}</div>{_HIDE_ERROR.format(id=saved_id)}'
    return {"text/plain": "", **bundle, "text/html": html}
