"""Translations of the window, as far as there are any for the language of the place."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from ddpm_studio.paths import resources_dir


def install_translations(app: QCoreApplication, locale: QLocale | None = None) -> list[str]:
    """Load what there is for a locale; None: that of the system.

    Ours are ``resources/translations/ddpm_studio_LANGUAGE.qm``, made from texts given to
    ``tr()``, and to ``translate("requests", …)`` for the fields of requests and settings. Qt's own
    dialogs bring theirs.

    Returns:
        The languages found, such as ["de"]; empty where the window stays English.
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
