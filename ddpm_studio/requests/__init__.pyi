from .base import (
    Device as Device,
)
from .base import (
    FixedVariance as FixedVariance,
)
from .base import (
    Parameterization as Parameterization,
)
from .base import (
    Precision as Precision,
)
from .base import (
    Request as Request,
)
from .base import (
    Sampler as Sampler,
)
from .base import (
    Schedule as Schedule,
)
from .base import (
    Seed as Seed,
)
from .base import (
    Variance as Variance,
)
from .base import (
    Weights as Weights,
)
from .data import (
    FIRST_RULES as FIRST_RULES,
)
from .data import (
    RULES as RULES,
)
from .data import (
    PrepareOptions as PrepareOptions,
)
from .distillation import (
    DistillRequest as DistillRequest,
)
from .drawing import (
    DrawRequest as DrawRequest,
)
from .drawing import (
    Frames as Frames,
)
from .drawing import (
    InpaintRequest as InpaintRequest,
)
from .drawing import (
    SampleRequest as SampleRequest,
)
from .drawing import (
    SamplerRequest as SamplerRequest,
)
from .exchange import (
    ImportRequest as ImportRequest,
)
from .exchange import (
    PublishRequest as PublishRequest,
)
from .export import (
    AnimationOptions as AnimationOptions,
)
from .export import (
    AnimationRequest as AnimationRequest,
)
from .export import (
    ArrayOptions as ArrayOptions,
)
from .export import (
    GridOptions as GridOptions,
)
from .export import (
    ViewOptions as ViewOptions,
)
from .latents import (
    EncodeRequest as EncodeRequest,
)
from .latents import (
    InterpolateRequest as InterpolateRequest,
)
from .latents import (
    MixRequest as MixRequest,
)
from .latents import (
    PathRequest as PathRequest,
)
from .latents import (
    ShareRequest as ShareRequest,
)
from .latents import (
    trail_points as trail_points,
)
from .learning import (
    PlaygroundRequest as PlaygroundRequest,
)
from .learning import (
    ScheduleRequest as ScheduleRequest,
)
from .measuring import (
    BitsRequest as BitsRequest,
)
from .measuring import (
    CompareRequest as CompareRequest,
)
from .measuring import (
    DecodeRequest as DecodeRequest,
)
from .measuring import (
    EvaluateRequest as EvaluateRequest,
)
from .measuring import (
    MeasureRequest as MeasureRequest,
)
from .measuring import (
    NeighboursRequest as NeighboursRequest,
)
from .measuring import (
    PictureMeasureRequest as PictureMeasureRequest,
)
from .metrics import (
    ExportMetricsRequest as ExportMetricsRequest,
)
from .report import ReportRequest as ReportRequest
from .training import (
    Preset as Preset,
)
from .training import (
    TrainRequest as TrainRequest,
)
