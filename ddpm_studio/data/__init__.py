"""Whatever is dropped → one memory-mapped uint8 array, labels and a report of rejects.

The names listed in ``__init__.pyi`` are loaded at first use: the window starts before it needs
decoders.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
