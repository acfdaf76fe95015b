"""Display server check before Qt starts, since Qt aborts the process without a display."""

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
# Libraries whose package name does not follow from the library's name.
_OTHER_PACKAGES = {"libglib-2.0.so.0": "libglib2.0-0", "libgthread-2.0.so.0": "libglib2.0-0"}


def check_display(environment: Mapping[str, str], system: str = sys.platform) -> None:
    """Refuse to open a window where there is no X server and no Wayland compositor.

    Args:
        environment: environment variables of the process.
        system: as :data:`sys.platform`; nothing is checked on systems other than Linux.

    Raises:
        StudioError: there is no display; the message says what is missing and what to do.
    """
    platform = _platform(environment)
    if not system.startswith("linux") or platform not in ("", "xcb", "wayland"):
        return
    display = environment.get("DISPLAY", "")
    if platform != "xcb" and _has_wayland(environment):
        return
    if platform != "wayland" and display:
        if _accepts_connection(display):
            return
        raise StudioError(f"The screen that DISPLAY names, {display}, does not answer.", _REMEDY)
    missing = {"xcb": "DISPLAY is not set", "wayland": "WAYLAND_DISPLAY names none"}
    reason = missing.get(platform, "neither DISPLAY nor WAYLAND_DISPLAY is set")
    raise StudioError(f"There is no screen here: {reason}.", _REMEDY)


def check_xcb_plugin(plugins: Path, environment: Mapping[str, str]) -> None:
    """Check that Qt's xcb platform plug-in and its system libraries can be loaded.

    Costs nothing, since Qt loads the plug-in next. Call it after Qt's own libraries are loaded.

    Args:
        plugins: Qt's plug-in folder.
        environment: environment variables of the process.

    Raises:
        StudioError: a library is missing; the message names it and the package that provides it.
    """
    file = plugins / "platforms" / "libqxcb.so"
    if not environment.get("DISPLAY") or not _requires_x11(environment):
        return
    # Imported lazily, here and below: imports at the top of the file delay the window.
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
    """Return the package to install for a dynamic loader's error; None if none is named there.

    A Debian package is named for its library and the library's version [Debian Policy §8.1].
    """
    found = _LIBRARY.search(message)
    if found is None:
        return None
    name, version = found[1], found[2] or ""
    separator = "-" if name[-1:].isdigit() and version else ""
    debian_name = f"{name}{separator}{version}".lower().replace("_", "-")
    package = _OTHER_PACKAGES.get(f"{name}.so.{version}", debian_name)
    return f"On Debian and Ubuntu: sudo apt-get install {package} (the README lists all)."


def _platform(environment: Mapping[str, str]) -> str:
    """Return the Qt platform requested by QT_QPA_PLATFORM: the first listed, without options."""
    first = environment.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    return "wayland" if first.startswith("wayland") else first


def _requires_x11(environment: Mapping[str, str]) -> bool:
    """Whether Qt can only use X11 (xcb)."""
    platform = _platform(environment)
    return platform == "xcb" or (platform == "" and not _has_wayland(environment))


def _has_wayland(environment: Mapping[str, str]) -> bool:
    if environment.get("WAYLAND_SOCKET"):
        return True
    name = environment.get("WAYLAND_DISPLAY", "")
    return bool(name) and Path(environment.get("XDG_RUNTIME_DIR", ""), name).exists()


def _accepts_connection(display: str) -> bool:
    """Whether an X server accepts a connection; one on another machine is assumed to."""
    host, _, numbers = display.rpartition(":")
    number = numbers.partition(".")[0]
    if not number.isdigit():
        return False
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        return any(_can_connect(address) for address in (f"\0{path}", path))
    if host in ("localhost", "127.0.0.1"):
        return _can_connect(("127.0.0.1", 6000 + int(number)))
    return True


def _can_connect(address: str | tuple[str, int]) -> bool:
    import socket

    try:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        with socket.socket(family) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(address)
    except (OSError, OverflowError):
        return False
    return True
