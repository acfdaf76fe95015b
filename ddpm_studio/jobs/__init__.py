"""Long jobs as plain generators, which yield events and do not know their consumer.

The names listed in ``__init__.pyi`` are loaded at first use, so that consumers can import the
event types without torch.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
