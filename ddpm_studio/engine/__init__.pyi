from .device.layout import Precision as Precision
from .ema import EMA as EMA
from .guidance import Guided as Guided
from .latents import (
    encode as encode,
)
from .latents import (
    mix as mix,
)
from .latents import (
    mix_corners as mix_corners,
)
from .losses import (
    TrainingLoss as TrainingLoss,
)
from .losses import (
    l_simple as l_simple,
)
from .networks.half import in_bf16 as in_bf16
from .networks.network import (
    Network as Network,
)
from .networks.network import (
    NetworkConfig as NetworkConfig,
)
from .networks.unet import (
    UNet as UNet,
)
from .networks.unet import (
    UNetConfig as UNetConfig,
)
from .noise import (
    PictureNoise as PictureNoise,
)
from .noise import (
    derive_seed as derive_seed,
)
from .process import DiffusionProcess as DiffusionProcess
from .samplers import (
    Frame as Frame,
)
from .samplers import (
    ancestral as ancestral,
)
from .samplers import (
    ddim as ddim,
)
from .schedules.schedule import NoiseSchedule as NoiseSchedule
from .training import (
    Trainer as Trainer,
)
from .training_config import (
    TrainingConfig as TrainingConfig,
)
