"""Data preparation: pictures of any source → one memory-mapped uint8 array, labels, a report.

The names listed in ``__init__.pyi`` are imported lazily, at first use: the window starts before it
needs decoders.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
