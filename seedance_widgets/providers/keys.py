"""The key and the address of a provider: where they come from, what is refused, and how a key stays out of sight."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from seedance_widgets.errors import ConfigurationError
from seedance_widgets.secrecy import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A shorter "key" is a word that may stand in any text or address; real ones have 30 signs and more.
SHORTEST_SCRUBBED = 8


class Secret:
    """A key that shows itself nowhere: not in repr, str, vars, pickle or a traceback's local variables.

    Args:
        value: The key as given, with or without space around it; anything, for `trouble` will tell.
        scrubs: Whether texts are to be searched for it; not for the key of a simulator, which is an ordinary word.
    """

    __slots__ = ("_reveal", "_scrubs")

    def __init__(self, value: object, *, scrubs: bool = True) -> None:
        if isinstance(value, str):
            value = value.strip()
        # A closure: verbose tracebacks and `vars` print attributes, but not cells.
        self._reveal: Callable[[], object] = lambda: value
        self._scrubs = scrubs and isinstance(value, str) and len(value) >= SHORTEST_SCRUBBED

    def reveal(self) -> str:
        """The key itself, for the one header that needs it; never keep it in a local variable."""
        return str(self._reveal())

    def scrub(self, text: str) -> str:
        """`text` with every occurrence of the key taken out."""
        return text.replace(self.reveal(), HIDDEN) if self._scrubs else text

    def trouble(self) -> str | None:
        """Why this cannot be a key, in words that do not hold it; "" where there is none at all."""
        value = self._reveal()
        if value is None or value == "":
            return ""
        if not isinstance(value, str):
            return f"must be text, not {type(value).__name__}."
        if not all("!" <= sign <= "~" for sign in value):
            return (
                "cannot be used: it holds spaces, line breaks or signs that no key has. "
                "Copy it again, without quotation marks and without the word Bearer."
            )
        return None

    def __eq__(self, other: object) -> bool:
        return self._reveal() == other._reveal() if isinstance(other, Secret) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # nothing derived from a key is handed out

    def __repr__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not written down; make the provider anew where it is needed.")


def read_key(given: Secret | None, env: Sequence[str], *, argument: str, label: str, get_one: str) -> Secret:
    """The key that was given, else that of the first variable that is set.

    No local variable here holds the bare key: a verbose traceback would print it.

    Args:
        given: The argument; None to look at the environment.
        env: Names of environment variables.
        argument: The argument's name, for the message.
        label: The provider's name, for the message.
        get_one: Where a key is to be had, for the message.

    Raises:
        ConfigurationError: There is none, or it cannot be a key. The message never holds it.
    """
    where, key = f"{argument}=", given
    if key is None:
        where = next((name for name in env if os.environ.get(name, "").strip()), env[0])
        key = Secret(os.environ.get(where))
    trouble = key.trouble()
    if trouble == "":
        raise ConfigurationError(
            f"{label} needs a key, and there is none: put it into the environment variable {env[0]} or pass "
            f"{argument}=. A key is to be had at {get_one}. "
            "sw.Simulator() makes videos on this machine, free and without a key."
        )
    if trouble is not None:
        raise ConfigurationError(f"the key in {where} {trouble}")
    return key


def read_base_url(given: str | None, env: str, default: str) -> str:
    """The provider's address from the argument, else from the environment variable `env`, else `default`.

    Raises:
        ConfigurationError: It is no http(s) address, holds a password, or would carry the key in clear over a network.
    """
    where, value = ("base_url", given) if given is not None else (env, os.environ.get(env, "").strip() or default)
    if not isinstance(value, str):
        raise ConfigurationError(f"base_url must be text, not {type(value).__name__}.")
    value = value.strip()
    expected = f"{where} is no address; expected something like {default}"
    if not all("!" <= sign <= "~" for sign in value):
        raise ConfigurationError(expected)
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(expected) from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{where} holds a user name or password; a key belongs into its own argument.")
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise ConfigurationError(expected)
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"{where} begins with http://, which would send the key unencrypted to {host}: use https://. "
            "http:// is taken for this machine only."
        )
    return value.rstrip("/")


def is_loopback(host: str | None) -> bool:
    """Whether `host` is this machine."""
    if host == "localhost":
        return True
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
