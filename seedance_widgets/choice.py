"""Which provider: the argument, else `use()`, else SEEDANCE_PROVIDER, else the one with a key, else the simulator."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Literal

from seedance_widgets.catalog import SIMULATED, catalogue, provider_choices, provider_name
from seedance_widgets.errors import ConfigurationError
from seedance_widgets.folders import home
from seedance_widgets.providers.base import Provider
from seedance_widgets.request.plain import shown, tame
from seedance_widgets.secrecy import quoted

if TYPE_CHECKING:
    from seedance_widgets.providers.keys import Secret
    from seedance_widgets.simulator import Simulator

_REGIONS: dict[str, Literal["cn", "ap"]] = {"ark-cn": "cn", "ark-ap": "ap"}

_used: Provider | None = None
_made: dict[str, Provider] = {}
_simulator: Simulator | None = None
_lock = threading.RLock()


def use(provider: Provider | Simulator | str | None) -> Provider:
    """Settle who makes the videos from here on; None goes back to choosing by the environment.

    Args:
        provider: A provider, a `Simulator`, or a name: `simulator`, `ark` (Volcengine), `byteplus`, `acedata`.

    Returns:
        The provider in use now.

    Raises:
        ConfigurationError: No such name, or its key is missing.
    """
    global _used  # noqa: PLW0603  the setting of this process
    _used = None if provider is None else resolve(provider)
    return resolve()


def provider() -> Provider:
    """Who makes the videos when nothing else is said.

    Raises:
        ConfigurationError: SEEDANCE_PROVIDER holds no known name, its key is missing, or keys of several are set.
    """
    return resolve()


def resolve(given: Provider | Simulator | str | None = None) -> Provider:
    """The provider for a call: `given`, else the one in use, else the one that the environment names."""
    if given is None:
        return _used if _used is not None else _named(_from_environment())
    if isinstance(given, str):
        return _named(given)
    if type(given).__name__ == "Simulator":
        from seedance_widgets.simulator import Simulator  # noqa: PLC0415  a web server: only where it is used

        if isinstance(given, Simulator):
            return given.provider()
    if isinstance(given, type) or not isinstance(given, Provider):
        raise ConfigurationError(
            f"{shown(tame(given))} is no provider; give one, such as sw.providers.Ark(), or a name: simulator, ark, "
            "byteplus, acedata."
        )
    return given


def provider_for(ledger_id: str, base_url: str, given: Provider | None = None) -> Provider:
    """The provider that a job of the ledger belongs to.

    Args:
        ledger_id: What `Provider.id` said when the job was submitted.
        base_url: Where that was; a simulator may have moved to another port since.
        given: Taken where it is that one.

    Raises:
        ConfigurationError: Its key is missing, or it is now asked at another address.
    """
    fitting = (one for one in (given, _used) if one is not None and one.id == ledger_id)
    chosen = next(fitting, None) or _named(ledger_id)
    if chosen.billed and chosen.base_url != base_url:
        raise ConfigurationError(
            f"the job was submitted at {base_url}, and {chosen.label} is now asked at {chosen.base_url}; "
            "pass the right provider: sw.resume(provider)."
        )
    return chosen


def keyed(given: str, secret: Secret) -> Provider:
    """The provider that people call `given`, with a key that was typed; it is kept by nobody but its caller.

    Raises:
        ConfigurationError: No such provider, one that needs no key, or text that can be no key.
    """
    from seedance_widgets import providers  # noqa: PLC0415  httpx only where a provider is used

    name = provider_name(given)
    if name == "acedata":
        return providers.AceDataCloud(api_token=secret.reveal())
    if name in _REGIONS:
        return providers.Ark(api_key=secret.reveal(), region=_REGIONS[name])
    raise ConfigurationError(f"no provider with a key is called {quoted(given)}; choose one of {provider_choices()}.")


def label_of(ledger_id: str) -> str:
    """How people call the provider with this ledger id."""
    if ledger_id.startswith(SIMULATED):
        return "Simulator"
    facts = catalogue().providers.get(ledger_id)
    return facts.label if facts is not None else ledger_id


def _from_environment() -> str:
    if named := os.environ.get("SEEDANCE_PROVIDER", "").strip():
        return named
    if os.environ.get("SEEDANCE_SIMULATOR", "").strip():
        return "simulator"
    with_key = [
        name
        for name in ("ark-cn", "ark-ap", "acedata")
        if any(os.environ.get(key, "").strip() for key in _own_keys(name))
    ]
    if len(with_key) > 1:
        names = " and ".join(catalogue().providers[name].label for name in with_key)
        raise ConfigurationError(
            f"keys of {names} are set; say which one shall be used (and billed): "
            f'sw.use("{with_key[0]}"), or the environment variable SEEDANCE_PROVIDER={with_key[0]}.'
        )
    return with_key[0] if with_key else "simulator"


def _own_keys(name: str) -> tuple[str, ...]:
    # ARK_API_KEY opens both regions of Ark; unless ARK_BASE_URL or SEEDANCE_PROVIDER says otherwise it is Volcengine's.
    keys = catalogue().providers[name].key_env
    overseas = "bytepluses" in os.environ.get("ARK_BASE_URL", "")
    return tuple(key for key in keys if key != "ARK_API_KEY" or overseas == (name == "ark-ap"))


def _named(given: str) -> Provider:
    name = provider_name(given)
    if name is None:
        raise ConfigurationError(f"no provider is called {quoted(given)}; choose one of {provider_choices()}.")
    with _lock:
        if name.startswith(SIMULATED):
            return _simulated(name.removeprefix(SIMULATED))
        from seedance_widgets import providers  # noqa: PLC0415  httpx only where a provider is used

        # Made anew, for the key may have been corrected; kept where nothing has changed.
        made = providers.AceDataCloud() if name == "acedata" else providers.Ark(region=_REGIONS[name])
        if _made.get(name) != made:
            _made[name] = made
        return _made[name]


def _simulated(kind: str) -> Provider:
    if url := os.environ.get("SEEDANCE_SIMULATOR", "").strip():
        from seedance_widgets.simulator import simulator_provider  # noqa: PLC0415  only where it is used

        if (there := f"{kind} at {url}") not in _made:
            _made[there] = simulator_provider(url, kind)
        return _made[there]
    if kind == "acedata":
        return _embedded_simulator().provider("acedata")
    return _embedded_simulator().provider("ark-ap" if kind == "ark-ap" else "ark-cn")


def _embedded_simulator() -> Simulator:
    """The simulator of this process, started on first use; it keeps its tasks beside the ledger, over restarts."""
    global _simulator  # noqa: PLW0603  one for the process
    if _simulator is None:
        from seedance_widgets.simulator import Simulator  # noqa: PLC0415  a web server: only where it is used

        _simulator = Simulator(state=home() / ".simulator")
        _simulator.start()
    return _simulator


def _forget() -> None:
    """In a forked process: the simulator's thread stayed behind."""
    global _simulator  # noqa: PLW0603  one for the process
    _simulator = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
