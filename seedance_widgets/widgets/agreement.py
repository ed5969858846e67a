"""Agreement: a press that costs money counts once, and sends only after a yes to what it sends and costs."""

from __future__ import annotations

import secrets


class Agreement:
    """What a surface has asked about money, and which presses it has seen."""

    def __init__(self) -> None:
        self._presses: set[str] = set()
        self._token = self._about = ""

    def is_new(self, press: str) -> bool:
        """Whether this press was not seen before: a double click, or a message that arrives twice, is no second one."""
        if press in self._presses:
            return False
        self._presses.add(press)
        return True

    def given(self, agreed: str | None, about: str) -> bool:
        """Whether this is the answer to the question that was asked last, and that was about the same; good for once.

        Args:
            agreed: What the browser answers with.
            about: Everything that the answer holds for: which videos, at which price.
        """
        asked, self._token = self._token, ""
        return bool(asked) and agreed == asked and about == self._about

    def ask(self, line: str, about: str) -> dict[str, dict[str, str]]:
        """The question, as the browser shows it; the ones before it no longer count."""
        self._token, self._about = secrets.token_urlsafe(9), about
        return {"confirm": {"line": line, "agreed": self._token}}
