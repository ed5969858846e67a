"""The browser of these tests: which one, how it is started, and how `make test` gets one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Of several such switches the last one counts: so this is what playwright turns off, where it touches these tests, and
# what each new window has ready for its address bar, two pages that take more of the processor than most tests.
_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
)
ARGS = (
    "--no-sandbox",  # root in a container has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(_OFF)}",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-wqy-microhei")  # the last one for Chinese


def find() -> str | None:
    """The Chromium of this machine: SEEDANCE_CHROMIUM, /usr/bin/chromium, one on PATH; None leaves it to playwright."""
    if chosen := os.environ.get("SEEDANCE_CHROMIUM"):
        if not Path(chosen).exists():
            raise FileNotFoundError(f"SEEDANCE_CHROMIUM is {chosen!r}, where there is nothing.")
        return chosen
    if Path("/usr/bin/chromium").exists():
        return "/usr/bin/chromium"
    return next(filter(None, map(shutil.which, _NAMES)), None)


async def launch(playwright):
    """Start it, without a window."""
    path = find()
    if path is None and not Path(playwright.chromium.executable_path).exists():
        raise FileNotFoundError(
            "These tests need Chromium. `make test` installs it; so does `apt-get install chromium` or `playwright "
            "install chromium`. SEEDANCE_CHROMIUM may name one that is somewhere else."
        )
    return await playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGS))


def install() -> None:
    """Install Chromium where there is none: with apt as root, else playwright's own."""
    if find() is not None:
        return
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        apt = ["apt-get", "-q", "-o", "Dpkg::Use-Pty=0"]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*apt, "update"], check=False, env=quiet)
        subprocess.run([*apt, "install", "-y", "--no-install-recommends", *_PACKAGES], check=False, env=quiet)
        # Ubuntu's package of this name only points to a snap, which does not start in a container.
        if (path := find()) and subprocess.run([path, "--version"], check=False).returncode == 0:
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


if __name__ == "__main__":
    install()
