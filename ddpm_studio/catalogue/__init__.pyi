from . import plugins as plugins
from .data_formats import (
    DATA_FORMATS as DATA_FORMATS,
)
from .data_formats import (
    DataFormatInfo as DataFormatInfo,
)
from .lookup import (
    KINDS as KINDS,
)
from .lookup import (
    LEARNING_RATES as LEARNING_RATES,
)
from .lookup import (
    LOSSES as LOSSES,
)
from .lookup import (
    NETWORKS as NETWORKS,
)
from .lookup import (
    OPTIMIZERS as OPTIMIZERS,
)
from .lookup import (
    PARAMETERIZATIONS as PARAMETERIZATIONS,
)
from .lookup import (
    PRESETS as PRESETS,
)
from .lookup import (
    SAMPLERS as SAMPLERS,
)
from .lookup import (
    SCHEDULES as SCHEDULES,
)
from .lookup import (
    TIMESTEP_SAMPLING as TIMESTEP_SAMPLING,
)
from .lookup import (
    VARIANCES as VARIANCES,
)
from .lookup import (
    Entry as Entry,
)
from .lookup import (
    LearningRateInfo as LearningRateInfo,
)
from .lookup import (
    LossInfo as LossInfo,
)
from .lookup import (
    NetworkInfo as NetworkInfo,
)
from .lookup import (
    OptimizerInfo as OptimizerInfo,
)
from .lookup import (
    Option as Option,
)
from .lookup import (
    ParameterizationInfo as ParameterizationInfo,
)
from .lookup import (
    PresetInfo as PresetInfo,
)
from .lookup import (
    Respacing as Respacing,
)
from .lookup import (
    SamplerInfo as SamplerInfo,
)
from .lookup import (
    ScheduleInfo as ScheduleInfo,
)
from .lookup import (
    Table as Table,
)
from .lookup import (
    TimestepSamplingInfo as TimestepSamplingInfo,
)
from .lookup import (
    UnknownNameError as UnknownNameError,
)
from .lookup import (
    VarianceInfo as VarianceInfo,
)
from .lookup import (
    get as get,
)
from .measures import (
    FEATURES as FEATURES,
)
from .measures import (
    METRICS as METRICS,
)
from .measures import (
    FeatureInfo as FeatureInfo,
)
from .measures import (
    Figure as Figure,
)
from .measures import (
    MetricInfo as MetricInfo,
)
from .model_formats import (
    MODEL_FORMATS as MODEL_FORMATS,
)
from .model_formats import (
    ModelFormatInfo as ModelFormatInfo,
)
from .tools import (
    TOOLS as TOOLS,
)
from .tools import (
    DrawingInfo as DrawingInfo,
)
from .tools import (
    Input as Input,
)
from .tools import (
    Offer as Offer,
)
from .tools import (
    ToolInfo as ToolInfo,
)
