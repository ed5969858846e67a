"""Execute the first notebook on the simulator; leave the executed HTML and the MP4 in one folder and print their paths.

python notebooks/run_demo.py build/demo
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

NOTEBOOK = Path(__file__).with_name("01-first-video.ipynb")


def main(folder: Path) -> None:
    """Run the notebook with `folder` as its own, so that the page's relative links to the video hold."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["SEEDANCE_PROVIDER"] = "simulator"  # the demo never costs anything, whatever keys are set
    os.environ.pop("SEEDANCE_HOME", None)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        # A page with the widgets' state asks for scripts from elsewhere; what a card keeps for it is an output beside.
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    # Everything the page needs is in it: no script is fetched from elsewhere.
    exporter = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="", widget_renderer_url="", mermaid_js_url="")
    page, _ = exporter.from_notebook_node(notebook)
    html = folder / "01-first-video.html"
    html.write_text(page, encoding="utf-8")
    video = folder / "first-video.mp4"
    if not video.is_file():
        sys.exit(f"the notebook ran, but left no {video}")
    print(f"executed notebook: {html.resolve()}")  # noqa: T201  the paths are what this script is for
    print(f"video:             {video.resolve()}")  # noqa: T201  the same


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo").resolve())
