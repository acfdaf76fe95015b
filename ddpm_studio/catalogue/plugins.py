"""Plug-ins: catalogue entries from other packages, found by entry points.

A package adds to the tables by one entry point of the group ``ddpm_studio.plugins``, which refers
to a sequence of descriptions::

    [project.entry-points."ddpm_studio.plugins"]
    toy = "toy_plugin:ENTRIES"

Its module is imported only when a list of entries is shown, or a name is looked up that is not one
of the engine's; it should import torch only where its code is used. A package that can't be loaded
is reported and skipped. ``DDPM_STUDIO_PLUGINS=off`` disables all plug-ins.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.catalogue.data_formats import DATA_FORMATS
from ddpm_studio.catalogue.measures import FEATURES, METRICS
from ddpm_studio.catalogue.model_formats import MODEL_FORMATS
from ddpm_studio.catalogue.tools import TOOLS
from ddpm_studio.engine.tables import TABLES, Entry, Table
from ddpm_studio.engine.tables.entry import import_object
from ddpm_studio.errors import plugin_modules, printable

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "ddpm_studio.plugins"
ENV_VARIABLE = "DDPM_STUDIO_PLUGINS"
OFF = "off"
#: Suffix of the origin of an entry that the running program added itself, without a package.
NO_PLUGIN = "(no plug-in)"

_TABLES = (*TABLES, FEATURES, METRICS, DATA_FORMATS, MODEL_FORMATS, TOOLS)

KINDS: dict[str, Table[Any]] = {table.kind: table for table in _TABLES}

# Valid names can be typed as the value of an option, and listed.
_NAME = re.compile(r"[a-z0-9][a-z0-9+_.-]{0,39}")
# Requests depend on the catalogue, so it can't import them, and refers to them by name.
_FIELDS = "ddpm_studio.requests.option_names:request_with_field"
_METADATA = (".dist-info", ".egg-info")


@dataclass(frozen=True)
class Plugin:
    """A loaded plug-in, or one that failed to load.

    Args:
        name: name of the entry point.
        package: name of the distribution.
        version: version of the distribution.
        entries: kind and name of each entry that it added.
        problem: why it can't be used; empty if it can.
    """

    name: str
    package: str
    version: str
    entries: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    @property
    def origin(self) -> str:
        """Package and version, such as "toy-plugin 1.0"."""
        return f"{self.package} {self.version}".strip()

    @property
    def line(self) -> str:
        """One line with the entries that it adds, or why it can't be used."""
        if self.problem:
            return f"The plug-in {self.name} of {self.origin} can't be used: {self.problem}"
        added = ", ".join(f"{kind} {name}" for kind, name in self.entries)
        return f"The plug-in {self.name} of {self.origin} adds: {added or 'nothing'}"


class _Loading:
    """State of loading, in one object so that tests can reset it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.busy = False
        self.found: tuple[Plugin, ...] | None = None


_loading = _Loading()
# Called with each plug-in that can't be used.
_listeners: list[Callable[[Plugin], None]] = []


def load() -> None:
    """Load all plug-ins into the tables, once, unless they are switched off."""
    if _loading.found is not None or is_off():
        return
    with _loading.lock:
        # Re-entrant call: a plug-in may itself look something up in a table.
        if _loading.found is not None or _loading.busy:
            return
        _loading.busy = True
        try:
            _loading.found = tuple(_load_all())
        finally:
            _loading.busy = False
    for listener in _listeners:
        _report_problems(listener)


def on_problem(listener: Callable[[Plugin], None]) -> None:
    """Register a callback for each plug-in that can't be used: now, or when they are loaded."""
    _listeners.append(listener)
    _report_problems(listener)


def loaded() -> tuple[Plugin, ...]:
    """Return the plug-ins loaded so far, including those that can't be used."""
    return _loading.found or ()


def origin(kind: str, name: str) -> str:
    """Return package and version of a plug-in's entry; empty for built-in entries.

    For an entry that the running program added itself, it is the file with its code, followed by
    :data:`NO_PLUGIN`.
    """
    for plugin in loaded():
        if (kind, name) in plugin.entries:
            return plugin.origin
    table = KINDS.get(kind)
    if table is None or name in table.builtin_names or name not in table:
        return ""
    module = table[name].implementation.partition(":")[0]
    file = getattr(sys.modules.get(module), "__file__", None)
    # A notebook has no file.
    return f"{Path(file).name if file else module.replace('__main__', 'Python')} {NO_PLUGIN}"


def is_off() -> bool:
    """Whether plug-ins are switched off."""
    return os.environ.get(ENV_VARIABLE, "").strip().lower() in (OFF, "0", "no", "false")


def switch_off() -> None:
    """Switch plug-ins off in this process and its children; plug-ins already loaded stay."""
    os.environ[ENV_VARIABLE] = OFF


def _report_problems(listener: Callable[[Plugin], None]) -> None:
    for plugin in loaded():
        if plugin.problem:
            listener(plugin)


def _load(entry_point: EntryPoint, package: str, version: str) -> Plugin:
    name = printable(entry_point.name, 100)
    added: list[tuple[Table[Any], str]] = []
    try:
        for entry in _entries(entry_point.load()):
            table = _table_of(entry)
            _check_options(table, entry)
            table.add(entry)
            added.append((table, entry.name))
    except KeyboardInterrupt:  # The user's, who is waiting.
        raise
    # Foreign code may raise anything, including SystemExit.
    except BaseException as error:
        for table, entry_name in added:
            with suppress(KeyError):
                table.remove(entry_name)
        return Plugin(name, package, version, problem=_reason(error))
    plugin = Plugin(name, package, version, tuple((t.kind, entry) for t, entry in added))
    for table, entry_name in added:
        module = table[entry_name].implementation.partition(":")[0].partition(".")[0]
        if module != __name__.partition(".")[0]:
            plugin_modules[module] = f"{plugin.name} of {plugin.origin}"
    return plugin


def _check_options(table: Table[Any], entry: Entry) -> None:
    """Check an entry's options for names that fields of requests have; raises ValueError."""
    for option in entry.options:
        request = import_object(_FIELDS)(table.kind, option.name)
        if request is not None:
            raise ValueError(
                f"an option of {entry.name} can't be called {option.name}: a field of {request} is"
            )


def _table_of(entry: object) -> Table[Any]:
    for table in KINDS.values():
        if isinstance(entry, table.accepts):
            return table
    kinds = ", ".join(table.accepts.__name__ for table in KINDS.values())
    raise TypeError(f"{entry!r} is none of {kinds}")


def _entries(value: Any) -> list[Entry]:
    entries = list(value)
    for entry in entries:
        _table_of(entry)
        if not isinstance(entry.name, str) or not _NAME.fullmatch(entry.name):
            raise ValueError(f"{entry.name!r} can't be a name: small letters, digits and + _ . -")
    return entries


def _reason(error: BaseException) -> str:
    return printable(f"{type(error).__name__}: {error}", 300)


def _load_all() -> Iterator[Plugin]:
    """Load the plug-ins of all packages on the path; only metadata with the group are parsed."""
    seen: set[str] = set()
    for path in tuple(sys.path):
        for folder in _metadata_folders(Path(path or ".")):
            yield from _load_package(folder, seen)


def _load_package(folder: Path, seen: set[str]) -> Iterator[Plugin]:
    """Load a package's plug-ins, unless a package of its name precedes it on the path.

    Args:
        folder: the package's metadata folder.
        seen: normalised names of packages so far; the package's is added.
    """
    from importlib.metadata import Distribution

    package, version, problem = folder.stem, "", ""
    entry_points: Iterable[EntryPoint] = ()
    # Packages are read one by one: one with damaged metadata must not disable the others.
    try:
        distribution = Distribution.at(folder)
        package, *_ = distribution.metadata.get_all("Name") or (package,)
        version, *_ = distribution.metadata.get_all("Version") or (version,)
        entry_points = distribution.entry_points.select(group=GROUP)
    except Exception as error:
        problem = f"its metadata can't be read ({_reason(error)})"
    # Normalised as importlib does.
    normalised = re.sub(r"[-_.]+", "-", package).lower()
    if normalised in seen:
        return
    seen.add(normalised)
    package, version = printable(package, 100), printable(version, 40)
    if problem:
        yield Plugin(package, package, version, problem=problem)
    for entry_point in entry_points:
        yield _load(entry_point, package, version)


def _metadata_folders(path: Path) -> Iterator[Path]:
    """Yield the metadata folders in a path entry whose entry points mention the group."""
    try:
        folders = [folder for folder in path.iterdir() if folder.name.endswith(_METADATA)]
    except (OSError, ValueError):  # sys.path may contain invalid paths.
        return
    for folder in folders:
        with suppress(OSError):
            if GROUP.encode() in (folder / "entry_points.txt").read_bytes():
                yield folder
