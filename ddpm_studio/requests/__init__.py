"""Request models: one frozen, validated pydantic model for each kind of job.

Each field is described once, here: the window's forms, the terminal's options and a run's
``config`` are all made from these models. The names listed in ``__init__.pyi`` are loaded at first
use, because most commands use only one of them.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
