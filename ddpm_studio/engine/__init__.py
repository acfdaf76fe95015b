"""Denoising diffusion models in torch: the mathematics, independent of the rest of the project.

The names listed in ``__init__.pyi`` are imported lazily, at first use, so that the tables of
available choices (:mod:`ddpm_studio.engine.tables`) can be read without importing torch.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
