"""Display check before Qt, which ends the process where there is no screen."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ddpm_studio.errors import StudioError

_REMEDY = (
    "Use the commands that need none, such as train, sample and report (ddpm-studio --help lists "
    "all), or log in with ssh -X."
)
_SECONDS = 0.5
_LIBRARY = re.compile(r"([\w.+-]+?)\.so(?:\.(\d+))?[\w.]*: cannot open shared object file")
# Where a package is not called as its library.
_OTHERS = {"libglib-2.0.so.0": "libglib2.0-0", "libgthread-2.0.so.0": "libglib2.0-0"}


def check_screen(environment: Mapping[str, str], system: str = sys.platform) -> None:
    """Refuse to open a window where there is no X server and no Wayland compositor.

    Args:
        environment: the process's.
        system: as :data:`sys.platform`; elsewhere than on Linux Qt finds the screen by itself.

    Raises:
        StudioError: saying what is missing, and what to do without.
    """
    wanted = _platform(environment)
    if not system.startswith("linux") or wanted not in ("", "xcb", "wayland"):
        return
    display = environment.get("DISPLAY", "")
    if wanted != "xcb" and _has_wayland(environment):
        return
    if wanted != "wayland" and display:
        if _answers(display):
            return
        raise StudioError(f"The screen that DISPLAY names, {display}, does not answer.", _REMEDY)
    missing = {"xcb": "DISPLAY is not set", "wayland": "WAYLAND_DISPLAY names none"}
    why = missing.get(wanted, "neither DISPLAY nor WAYLAND_DISPLAY is set")
    raise StudioError(f"There is no screen here: {why}.", _REMEDY)


def check_plugin(plugins: Path, environment: Mapping[str, str]) -> None:
    """Refuse to open a window where Qt's plug-in for X can't be loaded.

    Qt loads it next, so that it costs nothing. Call it when Qt's own libraries are loaded.

    Args:
        plugins: the folder of Qt's plug-ins.
        environment: the process's.

    Raises:
        StudioError: naming the missing library, and the package that has it.
    """
    file = plugins / "platforms" / "libqxcb.so"
    if not environment.get("DISPLAY") or not _takes_x(environment):
        return
    # Imported where they are needed, here and below: the window waits for what stands above.
    import ctypes

    try:
        if file.is_file():
            ctypes.CDLL(str(file))
    except OSError as error:
        raise StudioError(
            f"The window needs a system library that is missing: {error}.",
            missing_library(str(error)) or _REMEDY,
        ) from error


def missing_library(message: str) -> str | None:
    """Return what to install, by what the loader said of a library; None: it says no such thing.

    A package of Debian's is called as its library, with its version [Debian Policy §8.1].
    """
    found = _LIBRARY.search(message)
    if found is None:
        return None
    name, version = found[1], found[2] or ""
    between = "-" if name[-1:].isdigit() and version else ""
    usual = f"{name}{between}{version}".lower().replace("_", "-")
    package = _OTHERS.get(f"{name}.so.{version}", usual)
    return f"On Debian and Ubuntu: sudo apt-get install {package} (the README lists all)."


def _platform(environment: Mapping[str, str]) -> str:
    """Return which of Qt's platforms was asked for, the first of a list without its options."""
    first = environment.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    return "wayland" if first.startswith("wayland") else first


def _takes_x(environment: Mapping[str, str]) -> bool:
    """Whether X is all there is for Qt to take."""
    wanted = _platform(environment)
    return wanted == "xcb" or (wanted == "" and not _has_wayland(environment))


def _has_wayland(environment: Mapping[str, str]) -> bool:
    if environment.get("WAYLAND_SOCKET"):
        return True
    name = environment.get("WAYLAND_DISPLAY", "")
    return bool(name) and Path(environment.get("XDG_RUNTIME_DIR", ""), name).exists()


def _answers(display: str) -> bool:
    """Whether an X server takes a connection; one on another machine is believed to."""
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdigit():
        return False
    if host in ("", "unix"):
        place = f"/tmp/.X11-unix/X{number}"
        return any(_connects(where) for where in (f"\0{place}", place))
    if host in ("localhost", "127.0.0.1"):
        return _connects(("127.0.0.1", 6000 + int(number)))
    return True


def _connects(address: str | tuple[str, int]) -> bool:
    import socket

    try:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        with socket.socket(family) as tried:
            tried.settimeout(_SECONDS)
            tried.connect(address)
    except (OSError, OverflowError):
        return False
    return True
