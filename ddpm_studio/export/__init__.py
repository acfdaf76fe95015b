"""Export of pictures: PNG with a recipe, grids, sequences, animations.

The names listed in ``__init__.pyi`` are loaded at first use, so that a recipe can be read
without loading the writers of animations.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
