"""DDPM Studio: train, watch and understand denoising diffusion models.

``import ddpm_studio as ds``, then ``ds.train(...)`` or ``ds.open(...)`` return a :class:`Run` that
draws, measures and compares. The names listed in ``__init__.pyi`` are loaded at first use: the
import itself loads neither torch nor Qt.
"""

from lazy_loader import attach_stub

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
