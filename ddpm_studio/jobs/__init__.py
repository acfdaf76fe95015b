"""Long jobs: plain generators that yield events and know nothing of who listens.

The names listed in ``__init__.pyi`` are loaded at first use, so that a listener can know the
events without torch.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
