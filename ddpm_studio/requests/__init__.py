"""What can be asked of the studio: frozen, validated models.

Each field is described once, here: the window's forms, the terminal's options and a run's
``config`` are all made from these models. The names listed in ``__init__.pyi`` are loaded at first
use: most commands use one of many.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
