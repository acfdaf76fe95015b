"""The catalogue: tables of samplers, networks, schedules, formats, metrics etc., with plug-ins.

::

    from ddpm_studio import catalogue

    catalogue.SAMPLERS["ddim"].title
    catalogue.get("sampler", "ddim").load()

Nothing here needs torch. Other packages add entries by an entry point, see
:mod:`ddpm_studio.catalogue.plugins`.

The names listed in ``__init__.pyi`` are loaded at first use: the list of commands needs none of
them.
"""

from lazy_loader import attach_stub

from ddpm_studio.engine.tables.entry import Table


def _load_plugins() -> None:
    from ddpm_studio.catalogue import plugins

    plugins.load()


Table.complete = _load_plugins

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
