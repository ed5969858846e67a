"""A grid of cells in the page: the view of a real sweep, or one whose Python side is the test."""

from __future__ import annotations

from playwright.async_api import expect

import seedance_widgets as sw

BASE = sw.VideoRequest("a {mood} boat", model="1.0-pro", resolution="480p", duration=2)

RENDER = """
const { default: surface } = await import("/assets/sweep_surface.js");
return surface.render({ model, el: root, strings: {} });
"""
STYLES = ("panel.css", "player.css", "sweep.css")


class Grid:
    """The view of a sweep in the page."""

    def __init__(self, stage, view) -> None:
        self.stage = stage
        self.view = view
        self.model = view.model
        self.root = view.root.locator(".sw-sweep")
        self.cells = self.root.locator(".sw-cell")
        self.videos = self.root.locator(".sw-cell video")
        self.detail = self.root.locator(".sw-detail")

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    def cell(self, index):
        return self.root.locator(f"[data-cell='{index}']")

    async def show(self, which):
        await self.root.get_by_label("show", exact=True).select_option(which)

    async def view_of(self, name):
        await self.root.locator(".sw-segment").get_by_text(name, exact=True).click()

    async def ready(self):
        await expect(self.root).to_have_attribute("data-ready", "true", timeout=30_000)
        return self


def state_of(index, **changes):
    """A cell as Python tells of it."""
    usual = {"i": index, "state": "planned", "sign": "○", "line": "", "video": None, "preview": False, "retry": False}
    return {**usual, "trouble": False, "star": False, "rating": 0, "note": "", "metrics": "", **changes}


def video_of(key="v", width=160, height=90, **changes):
    """What the browser is told of a video, which need not be there."""
    facts = {"key": key, "width": width, "height": height, "fps": 24.0, "frames": 49, "duration": 49 / 24}
    return {**facts, "bytes": 1000, "name": f"{key}.mp4", "has_audio": False, "poster": key, **changes}


def head_of(summary="cells", actions=None, **changes):
    return {"name": "boats", "summary": summary, "provider": None, "actions": actions or {}, "money": "", **changes}


def no_file(**_):
    raise ValueError("boat.mp4 cannot be read: no such file.")


async def staged(stage, cells, *labels, heads=None, head=None, **answers):
    """A grid whose Python side is the test.

    Args:
        stage: Where.
        cells: Their states.
        *labels: Of each dimension, in order; places run through them, the last one fastest.
        heads: What stands over them, where that is not the labels.
        head: How the whole stands.
        **answers: Beside those that every grid asks for.
    """
    places = [[]]
    for axis in labels:
        places = [[*place, i] for place in places for i in range(len(axis))]
    dimensions = [
        {"title": f"axis {n}", "labels": axis, "heads": (heads or labels)[n], "note": ""}
        for n, axis in enumerate(labels)
    ]
    told = {"changes": [], "facts": "", "note": "", "cancel": False, "retry": False, "request": True}
    usual = {"cells": lambda: cells, "detail": lambda cell: told, "mark": lambda **_: None}
    files = {"media.read": no_file, "picture": no_file}
    state = {
        "grid": {"kind": "sweep", "dimensions": dimensions, "places": places},
        "head": head or head_of(),
        "studio": "",
    }
    view = await stage.mount(RENDER, state, answers={**usual, **files, **answers}, styles=STYLES)
    return await Grid(stage, view).ready()
