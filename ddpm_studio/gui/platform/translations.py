"""Translations of the window for the language of the locale, where available."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from ddpm_studio.paths import resources_dir


def install_translations(app: QCoreApplication, locale: QLocale | None = None) -> list[str]:
    """Install the available translations for a locale; None: the system's.

    The program's are ``resources/translations/ddpm_studio_LANGUAGE.qm``, made from texts passed to
    ``tr()``, and to ``translate("requests", …)`` for the fields of requests and settings. Qt ships
    those of its own dialogs.

    Returns:
        The languages found, such as ["de"]; empty if the window stays English.
    """
    locale = locale or QLocale()
    found = []
    for name, folder in (
        ("qtbase", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)),
        ("ddpm_studio", str(resources_dir() / "translations")),
    ):
        translator = QTranslator(app)
        if translator.load(locale, name, "_", folder) and app.installTranslator(translator):
            found.append(translator.language())
    return found
