"""The provider objects that ask a simulator: one in this process, or one in another that tells of itself."""

from __future__ import annotations

import http.client
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import urlsplit

from seedance_widgets.catalog import SIMULATED, provider_facts, provider_name
from seedance_widgets.errors import ConfigurationError

if TYPE_CHECKING:
    from seedance_widgets.providers.base import Limits, Provider
    from seedance_widgets.simulator.limits import LimitsName

KEY = "simulator"  # what our providers show; any other would do as well
ARK_PATH = "/api/v3"
HERE = "/"  # where a simulator tells of itself
_ANSWER_SECONDS = 5.0
_ANSWER_BYTES = 10_000
_REGIONS: dict[str, Literal["cn", "ap"]] = {"ark-cn": "cn", "ark-ap": "ap"}


def simulator_provider(url: str, kind: str = "ark-cn", api_key: str | None = None) -> Provider:
    """The provider that asks a simulator in another process, in its clock and within its limits. It asks at once.

    Args:
        url: Where it is: `http://127.0.0.1:8765`, as `python -m seedance_widgets.simulator` prints it.
        kind: In whose words: `ark-cn`, `ark-ap` or `acedata`.
        api_key: Its key, where it was started with one.

    Raises:
        ConfigurationError: Nothing answers there, or something that is no simulator.
    """
    from seedance_widgets.providers.keys import is_loopback  # noqa: PLC0415 - httpx comes with the package

    host, port = _place(url)
    if not is_loopback(host):
        raise ConfigurationError(
            f"a simulator runs on this machine; expected an address like http://127.0.0.1:8765, not one at {host!r}."
        )
    told = _ask(host, port)
    if told["own_key"] and api_key is None:
        raise ConfigurationError(
            f"the simulator at {host}:{port} takes only the key that it was started with; start it without --api-key."
        )
    where = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return provider_at(where, kind, api_key=api_key or KEY, speed=told["speed"], limits=told["limits"])


def provider_at(base_url: str, kind: str, *, api_key: str, speed: float, limits: LimitsName) -> Provider:
    """The provider that speaks to a simulator in the words of `kind`.

    Raises:
        ConfigurationError: There is no such kind.
    """
    from seedance_widgets.providers.acedata import AceDataCloud  # noqa: PLC0415 - only who asks pays for httpx
    from seedance_widgets.providers.ark import Ark  # noqa: PLC0415 - the same

    name = (provider_name(kind) or "").removeprefix(SIMULATED)
    if not name:
        raise ConfigurationError(f"the simulator speaks ark, ark-cn, ark-ap and acedata; {kind!r} is none of them.")
    rates = _rates(name, speed, limits)
    if name not in _REGIONS:
        return AceDataCloud(api_token=api_key, base_url=base_url, simulated=True, limits=rates)
    return Ark(api_key=api_key, region=_REGIONS[name], base_url=base_url + ARK_PATH, simulated=True, limits=rates)


def _rates(name: str, speed: float, limits: LimitsName) -> Limits:
    """The published limits in real time, or none."""
    from seedance_widgets.providers.base import Limits  # noqa: PLC0415 - httpx comes with the package

    facts = provider_facts(name)
    sizes = Limits(rpm=False, speed=speed)
    sizes = replace(sizes, list_ids=facts.list_ids or sizes.list_ids, batch_ids=facts.batch_ids or sizes.batch_ids)
    if limits == "none":
        return sizes

    def rate(published: float | None) -> float | None:
        return None if published is None else published * speed

    return replace(
        sizes,
        get_per_second=rate(facts.get_per_second),
        list_per_second=rate(facts.list_per_second),
        delete_per_second=rate(facts.delete_per_second),
        batch_per_second=rate(facts.batch_per_second),
        max_queued=facts.max_queued,
        rpm=True,
    )


def _place(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError):
        host = port = None
    if not host or port is None or parts.scheme != "http":
        raise ConfigurationError("the address of a simulator must be like http://127.0.0.1:8765; this one is not.")
    return host, port


def _ask(host: str, port: int) -> dict[str, Any]:
    """What the simulator tells of itself, looked at."""
    # Not by httpx: no proxy may come between, and no key goes along.
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", HERE)
        body = connection.getresponse().read(_ANSWER_BYTES)
    except ConnectionRefusedError:
        raise ConfigurationError(
            f"no simulator answers at {host}:{port}; start one: python -m seedance_widgets.simulator --port {port}."
        ) from None
    except (OSError, http.client.HTTPException) as error:
        why = str(error) or type(error).__name__
        raise ConfigurationError(f"the simulator at {host}:{port} cannot be asked: {why}.") from None
    finally:
        connection.close()
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        _no_simulator(host, port)
    if not isinstance(told, dict) or told.get("simulator") is not True:
        _no_simulator(host, port)
    speed, limits = told.get("speed"), told.get("limits")
    # JSON's true is an int in Python, and its Infinity a float.
    if not isinstance(speed, (int, float)) or isinstance(speed, bool) or not 0 < speed < math.inf:
        _no_simulator(host, port)
    if not isinstance(limits, str) or limits not in {"none", "documented"}:
        _no_simulator(host, port)
    return {"speed": float(speed), "limits": limits, "own_key": told.get("own_key") is True}


def _no_simulator(host: str, port: int) -> NoReturn:
    raise ConfigurationError(f"what answers at {host}:{port} is no simulator of this package; look at the address.")
