"""Run folders on disk: written atomically, in safetensors and JSON only.

The names listed in ``__init__.pyi`` are loaded at first use, so that notes can be read
without torch.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
