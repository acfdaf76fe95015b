"""Denoising diffusion on torch: the mathematics; nothing of the project is imported.

The names listed in ``__init__.pyi`` are loaded at first use, so that what there is to choose from
(:mod:`ddpm_studio.engine.tables`) can be known without torch.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
