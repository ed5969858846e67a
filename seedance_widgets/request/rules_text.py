"""What `check` says of the prompt and of web addresses."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seedance_widgets.catalog import rules
from seedance_widgets.request.case import Case, Finding, error, warning
from seedance_widgets.request.plain import is_whole, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

# Control characters but tab and line ends, and halves of surrogate pairs, which no text on the wire can hold.
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NOT_IN_URL = re.compile('[\x00-\x20\x7f-\xa0\ud800-\udfff<>"\\\\]')
_LETTERS_A_WORD = 6  # a rough mean of English with its space, so that text without spaces is measured too
_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def prompt(case: Case) -> Iterator[Finding]:
    """Text that can be sent, is there where it must be, and holds no commands."""
    value = case["prompt"]
    if not isinstance(value, str):
        instead = "" if value is None else shown(value) if is_whole(value) or isinstance(value, float) else None
        fixes = () if instead is None else ({"prompt": instead},)
        yield error("prompt", f"the prompt must be text; {shown(value)} is not. Describe what happens.", *fixes)
        return
    unsendable = sorted(set(_UNSENDABLE.findall(value)))
    if unsendable:
        names = ", ".join(f"U+{ord(character):04X}" for character in unsendable[:3])
        cleaned = _UNSENDABLE.sub("", value)
        yield error(
            "prompt", f"the prompt holds characters that cannot be sent ({names}); take them out.", {"prompt": cleaned}
        )
    if not value.strip() and case.mode == "text":
        yield error("prompt", "a video from text alone needs a prompt; describe what happens, or add an image.")
    yield from _length(case, value)
    commands = _commands().findall(value)
    if commands:
        written = ", ".join(dict.fromkeys(command.split()[0].partition("=")[0] for command in commands))
        without = re.sub(r"[ \t]{2,}", " ", _commands().sub(" ", value)).strip()
        yield warning(
            "prompt",
            f"the prompt holds {written}, which older versions read as settings and newer ones ignore or refuse; "
            "take such commands out and set the fields instead.",
            {"prompt": without},
        )


def _length(case: Case, value: str) -> Iterator[Finding]:
    common = rules()
    theirs = case.provider.prompt_chars if case.provider else None
    if theirs is not None and len(value) > theirs:
        yield error(
            "prompt", f"the prompt has {len(value):,} characters; {case.where} takes at most {theirs:,}. Shorten it."
        )
        return
    if len(value) > common.prompt_chars:
        yield error(
            "prompt",
            f"the prompt has {len(value):,} characters; more than {common.prompt_chars:,} are not sent, since at most "
            f"{common.prompt_words:,} words are advised. Shorten it.",
        )
        return
    words, chinese = prompt_length(value)
    if chinese > common.prompt_chinese:
        yield warning(
            "prompt",
            f"the prompt has {chinese:,} Chinese characters; at most {common.prompt_chinese} are advised, "
            "as details get lost in longer ones. Shorten it.",
        )
    elif words > common.prompt_words:
        yield warning(
            "prompt",
            f"the prompt has {len(value):,} characters, about {words:,} words; at most {common.prompt_words:,} words "
            "are advised, as details get lost in longer ones. Shorten it.",
        )


def prompt_length(value: str) -> tuple[int, int]:
    """How long a prompt is as the providers' advice counts: words of other writing, and Chinese characters."""
    chinese = len(_CHINESE.findall(value))
    return max(len(value.split()), (len(value) - chinese) // _LETTERS_A_WORD), chinese


def _commands() -> re.Pattern[str]:
    names = "|".join(sorted(rules().prompt_commands, key=len, reverse=True))
    return re.compile(rf"(?<!\S)--(?:{names})(?![\w-])(?:[ \t=]+(?!--)\S+)?", re.IGNORECASE)


def callback_url(case: Case) -> Iterator[Finding]:
    """An address that the provider can reach."""
    value = case["callback_url"]
    if value is None:
        return
    if not isinstance(value, str):
        yield error(
            "callback_url",
            f"callback_url must be an https:// URL or None; {shown(value)} is not.",
            {"callback_url": None},
        )
        return
    trouble = url_trouble(value)
    if trouble:
        yield error(
            "callback_url",
            f"callback_url {trouble}; give an https:// URL that the provider can reach, or None.",
            {"callback_url": value.strip()},
            {"callback_url": None},
        )
        return
    if is_local(value) and not case.simulated:
        yield warning(
            "callback_url",
            f"{case.where} cannot reach {shown(urlsplit(value).hostname)}, which is an address inside your own "
            "network; give a public one. The job is polled all the same.",
            {"callback_url": None},
        )
    if case.provider and case.provider.callback == "final":
        yield warning("callback_url", f"{case.where} reports the final result only, not each change of status.")


def url_trouble(url: str) -> str | None:
    """Why this is no http(s) URL, as the rest of a sentence; None where it is one."""
    if not url.strip():
        return "is empty"
    if _NOT_IN_URL.search(url):
        return "holds spaces, control characters, quotes or backslashes"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a valid URL: its host or port is wrong"
    if parts.scheme not in {"http", "https"}:
        return (
            f"starts with {shown(parts.scheme + ':')}, not with https://"
            if parts.scheme
            else "has no https:// before it"
        )
    return None if host else "names no host"


def is_local(url: str) -> bool:
    """Whether this URL's host lies inside a private network or on this machine."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_ENDINGS)


RULES = (prompt, callback_url)
