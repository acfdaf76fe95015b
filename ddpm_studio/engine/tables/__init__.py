"""What there is to choose from, by kind; torch is not needed to know it.

Each list of names stands here and nowhere else: the engine looks its code up in these tables,
and requests, forms, options of the terminal and help are made from them.

The names listed in ``__init__.pyi`` are loaded at first use: a list of commands needs none of them.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
