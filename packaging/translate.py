"""Collect the window's translatable texts for a language, and compile their translations.

::

    python packaging/translate.py de

creates ``resources/translations/ddpm_studio_de.ts`` or updates it; existing translations are kept.
Translate it with ``pyside6-linguist`` or any editor of .ts files and run the command again: it also
compiles the ``.qm`` next to it, which the window loads if the system's language is this one.
"""

from __future__ import annotations

import argparse
import inspect
import subprocess
import sys
import tempfile
from pathlib import Path

from ddpm_studio import requests
from ddpm_studio.catalogue import TOOLS
from ddpm_studio.engine.tables import TABLES
from ddpm_studio.gui.workspace.settings import Settings, section
from ddpm_studio.paths import resources_dir

GUI = Path(requests.__file__).parents[1] / "gui"


def texts_of_fields() -> list[str]:
    """Return the texts of request fields and of the catalogue, which no call of tr() contains."""
    models = [
        model
        for _, model in inspect.getmembers(requests, inspect.isclass)
        if issubclass(model, requests.Request)
    ]
    found = [section(key) for key in Settings.model_fields]
    for model in [*models, Settings]:
        for key, field in model.model_fields.items():
            found += [field.title or key.replace("_", " "), field.description or ""]
    for table in TABLES:
        for name in sorted(table.builtin_names):
            entry = table[name]
            found += [entry.title, entry.help]
            found += [text for option in entry.options for text in (option.title, option.help)]
    for tool in TOOLS.values():
        found += [tool.title, tool.menu, tool.keywords]
        found += [text for one in tool.drawings for text in (one.title, one.help, one.sampler)]
        found += [offer.title for offer in tool.offers]
    return list(dict.fromkeys(filter(None, found)))


def collect(language: str, folder: Path) -> tuple[Path, Path]:
    """Write the .ts and .qm files of a language; return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    ts = folder / f"ddpm_studio_{language}.ts"
    with tempfile.TemporaryDirectory() as place:
        fields = Path(place) / "fields.py"
        lines = [f'QCoreApplication.translate("requests", {text!r})' for text in texts_of_fields()]
        fields.write_text("\n".join(lines) + "\n", encoding="utf-8")
        sources = [str(path) for path in sorted(GUI.rglob("*.py"))]
        # Explicit, because lupdate would guess the language from the first underscore in the name.
        options = ("-silent", "-locations", "none", "-target-language", language)
        _tool("lupdate", *options, *sources, str(fields), "-ts", str(ts))
    qm = ts.with_suffix(".qm")
    _tool("lrelease", "-silent", str(ts), "-qm", str(qm))
    return ts, qm


def _tool(name: str, *words: str) -> None:
    # The scripts of PySide6 in this Python environment.
    subprocess.run([str(Path(sys.executable).parent / f"pyside6-{name}"), *words], check=True)


def main() -> None:
    """Collect the texts of a language, compile their translations, and print both paths."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("language", help="such as de, or pt_BR")
    asked = parser.parse_args()
    for path in collect(asked.language, resources_dir() / "translations"):
        print(path)


if __name__ == "__main__":
    main()
