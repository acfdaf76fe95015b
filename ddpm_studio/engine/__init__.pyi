from .device.memory_format import Precision as Precision
from .ema import EMA as EMA
from .generators import finish as finish
from .guidance import GuidedDenoiser as GuidedDenoiser
from .latents import (
    encode as encode,
)
from .latents import (
    mix as mix,
)
from .latents import (
    mix_between as mix_between,
)
from .latents import (
    mix_corners as mix_corners,
)
from .likelihood.bound import (
    BoundTerms as BoundTerms,
)
from .likelihood.bound import (
    bound_terms as bound_terms,
)
from .likelihood.bound import (
    prior_bits as prior_bits,
)
from .likelihood.flow_likelihood import (
    density_bits as density_bits,
)
from .likelihood.flow_likelihood import (
    dequantise as dequantise,
)
from .likelihood.flow_likelihood import (
    flow_log_likelihood as flow_log_likelihood,
)
from .likelihood.flow_likelihood import (
    noise_dequantised_bits as noise_dequantised_bits,
)
from .likelihood.likelihood import (
    Bound as Bound,
)
from .likelihood.likelihood import (
    BoundSums as BoundSums,
)
from .likelihood.likelihood import (
    measure_bound as measure_bound,
)
from .likelihood.progressive import progressive_decoding as progressive_decoding
from .losses import (
    TrainingLoss as TrainingLoss,
)
from .losses import (
    l_hybrid as l_hybrid,
)
from .losses import (
    l_min_snr as l_min_snr,
)
from .losses import (
    l_simple as l_simple,
)
from .losses import (
    l_vlb as l_vlb,
)
from .networks.half_precision import to_bf16 as to_bf16
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
from .parameterizations.edm import EDM as EDM
from .parameterizations.flow import Flow as Flow
from .parameterizations.parameterization import Parameterization as Parameterization
from .pixels import (
    to_model as to_model,
)
from .pixels import (
    to_uint8 as to_uint8,
)
from .process import (
    Denoiser as Denoiser,
)
from .process import (
    DiffusionProcess as DiffusionProcess,
)
from .process import (
    Reverse as Reverse,
)
from .samplers import (
    Frame as Frame,
)
from .samplers import (
    Frames as Frames,
)
from .samplers import (
    ancestral as ancestral,
)
from .samplers import (
    annealed_langevin as annealed_langevin,
)
from .samplers import (
    ddim as ddim,
)
from .samplers import (
    ddim_inversion as ddim_inversion,
)
from .samplers import (
    dpm_solver as dpm_solver,
)
from .samplers import (
    edm_churn as edm_churn,
)
from .samplers import (
    euler as euler,
)
from .samplers import (
    euler_maruyama as euler_maruyama,
)
from .samplers import (
    heun as heun,
)
from .samplers import (
    inpaint as inpaint,
)
from .samplers import (
    predictor_corrector as predictor_corrector,
)
from .samplers import (
    probability_flow as probability_flow,
)
from .samplers import (
    unipc as unipc,
)
from .schedules.schedule import NoiseSchedule as NoiseSchedule
from .schedules.sigmas import (
    flow_time as flow_time,
)
from .schedules.sigmas import (
    sigma_of_flow_time as sigma_of_flow_time,
)
from .tables import (
    LOSSES as LOSSES,
)
from .tables import (
    PARAMETERIZATIONS as PARAMETERIZATIONS,
)
from .tables import (
    SAMPLERS as SAMPLERS,
)
from .tables import (
    SCHEDULES as SCHEDULES,
)
from .tables import (
    TIMESTEP_SAMPLING as TIMESTEP_SAMPLING,
)
from .tables import (
    VARIANCES as VARIANCES,
)
from .tables import (
    SamplerInfo as SamplerInfo,
)
from .training import (
    Trainer as Trainer,
)
from .training_config import (
    TrainingConfig as TrainingConfig,
)
