"""The form's fields on the stage, with the real check, options and words of Python behind them."""

import asyncio

from seedance_widgets import VideoRequest
from seedance_widgets.widgets.form import form_view, problems_of

SILENT = "doubao-seedance-1-0-pro-250528"  # no sound, takes frames
LOUD = "doubao-seedance-1-5-pro-251215"  # sound, may choose the length itself, takes no frames
NEWEST = "doubao-seedance-2-0-260128"  # no seed, no fixed camera

FIELDS = """
const { createFields } = await import("/assets/fields.js");
const edits = createEdits(rpc, (words) => root.append(h("p.trouble", {}, words)));
const fields = createFields({ rpc, edits, t });
root.append(fields.element);
const draw = () => fields.draw(model.get("view"));
draw();
model.on("change:view", draw);
edits.onSettled(draw);
root.addEventListener("sw-generate", () => (root.dataset.pressed = Number(root.dataset.pressed ?? 0) + 1));
return { fields, edits };
"""


class Form:
    """What the Studio does with the messages of the fields: the request is changed, checked and drawn anew."""

    def __init__(self, stage, *, mode="text", lang="en", **values):
        self.stage, self.mode, self.lang = stage, mode, lang
        self.request = VideoRequest(**{"prompt": "a boat", "model": SILENT, **values})
        self.revision = 1
        self.open = asyncio.Event()  # closed: the kernel is busy and answers later
        self.open.set()

    async def show(self):
        answers = {"set": self.set, "fix": self.fix}
        state = {"view": self.view()}
        styles = ("fields.css", "studio.css")
        self.shown = await self.stage.mount(FIELDS, state, answers=answers, lang=self.lang, styles=styles)
        return self.shown.root.locator(".seedance")

    def view(self, **changes):
        view = form_view(self.request, self.mode, None, self.lang, revision=self.revision, key_of=str)
        return {**view, **changes}

    def draw(self, **changes):
        self.revision += 1
        self.shown.model.update(view=self.view(**changes))

    def change(self, **values):
        self.request = self.request.replace(**values)
        self.draw()

    async def set(self, changes):
        await self.open.wait()
        self.change(**changes)

    def fix(self, revision, problem, choice):
        if revision != self.revision:
            raise ValueError("the form has changed since")
        self.change(**problems_of(self.request, self.mode, None)[problem].fixes[choice])

    @property
    def sets(self):
        return [payload["changes"] for payload in self.shown.model.of("set")]

    async def sent(self, changes):
        """Wait for a `set` of exactly these changes as the latest."""
        await self.stage.until(lambda: self.sets and self.sets[-1] == changes)

    async def settled(self):
        await self.stage.js("() => mounted.edits.flush()")
