"""The widgets of a kernel as a front end has them: their state, the messages that came, and messages to send."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count


@dataclass
class Widget:
    """What the front end knows of one widget.

    Attributes:
        id: Its comm.
        kind: Its Python class, or the model's name for one of ipywidgets' own.
        state: Its synced traits.
        customs: Custom messages from Python, oldest first, each with its buffers.
        open: Whether its comm is.
    """

    id: str
    kind: str
    state: dict
    customs: list = field(default_factory=list)
    open: bool = True


class FrontEnd:
    """Keeps the widgets of a kernel, and speaks to them.

    Args:
        client: A `BlockingKernelClient` whose channels run.
        until: Takes in what the kernel publishes until a condition holds.
    """

    def __init__(self, client, until) -> None:
        self.widgets: dict[str, Widget] = {}
        self._client = client
        self._until = until
        self._count = count(1)

    def take(self, message) -> None:
        """Take in what the kernel published."""
        content = message["content"]
        match message["msg_type"]:
            case "comm_open":
                state = content["data"]["state"]
                kind = state.get("_anywidget_id") or state.get("_model_name", "")
                self.widgets[content["comm_id"]] = Widget(content["comm_id"], kind.rsplit(".", 1)[-1], state)
            case "comm_msg" if content["comm_id"] in self.widgets:
                widget, data = self.widgets[content["comm_id"]], content["data"]
                if data["method"] == "update":
                    widget.state.update(data["state"])
                elif data["method"] == "custom":
                    widget.customs.append((data["content"], message["buffers"]))
            case "comm_close" if content["comm_id"] in self.widgets:
                self.widgets[content["comm_id"]].open = False

    def the(self, kind: str) -> Widget:
        """The newest widget of this Python class."""
        return [widget for widget in self.widgets.values() if widget.kind == kind][-1]

    def send(self, widget: Widget, kind: str, *buffers: bytes, subshell: str | None = None, **payload) -> str:
        """Send what `rpc.call(kind, payload, buffers)` sends, and return the number of the call.

        Args:
            widget: To whom.
            kind: Type of the message.
            *buffers: Bytes beside it.
            subshell: Id of the kernel's subshell that takes it; None for the main shell, where cells run.
            **payload: The rest of the message.
        """
        call = f"front:{next(self._count)}"
        data = {"method": "custom", "content": {**payload, "type": kind, "call": call}}
        message = self._client.session.msg("comm_msg", {"comm_id": widget.id, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self._client.session.send(self._client.shell_channel.socket, message, buffers=list(buffers))
        return call

    def answered(self, widget: Widget, call: str) -> bool:
        """Whether the answer of a call is here."""
        return any(content.get("call") == call for content, _ in widget.customs)

    def answer(self, widget: Widget, call: str):
        """Wait for the answer of a call.

        Raises:
            AssertionError: The call was refused; the text is what the person would see.
        """
        self._until(lambda: self.answered(widget, call))
        (content,) = [content for content, _ in widget.customs if content.get("call") == call]
        assert content["ok"], content["value"]
        return content["value"]

    def ask(self, widget: Widget, kind: str, *buffers: bytes, subshell: str | None = None, **payload):
        """Send a message and wait for its answer."""
        return self.answer(widget, self.send(widget, kind, *buffers, subshell=subshell, **payload))

    def subshell(self) -> str:
        """Make a subshell in the kernel, as JupyterLab does for its comms; returns its id."""
        message = self._client.session.msg("create_subshell_request")
        self._client.control_channel.send(message)
        while True:
            reply = self._client.get_control_msg(timeout=30)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply["content"]["subshell_id"]


def size_of(message) -> int:
    """Bytes of a message on the wire."""
    parts = (message[part] for part in ("header", "parent_header", "metadata", "content"))
    return sum(len(json.dumps(part, default=str)) for part in parts) + sum(
        len(bytes(one)) for one in message["buffers"]
    )
