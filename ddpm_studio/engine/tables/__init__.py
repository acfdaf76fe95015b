"""Tables (registries) of the available samplers, schedules, losses, networks, …; torch-free.

Each list of names is defined here and nowhere else: the engine looks up implementations in these
tables, and requests, forms, command-line options and help are derived from them.

The names listed in ``__init__.pyi`` are imported lazily, at first use.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
