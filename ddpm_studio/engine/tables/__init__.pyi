from .all_tables import (
    TABLES as TABLES,
)
from .entry import (
    Entry as Entry,
)
from .entry import (
    Option as Option,
)
from .entry import (
    Table as Table,
)
from .entry import (
    UnknownNameError as UnknownNameError,
)
from .learning_rates import (
    LEARNING_RATES as LEARNING_RATES,
)
from .learning_rates import (
    LearningRateInfo as LearningRateInfo,
)
from .losses import (
    LOSSES as LOSSES,
)
from .losses import (
    LossInfo as LossInfo,
)
from .networks import (
    NETWORKS as NETWORKS,
)
from .networks import (
    PRESETS as PRESETS,
)
from .networks import (
    NetworkInfo as NetworkInfo,
)
from .networks import (
    PresetInfo as PresetInfo,
)
from .optimizers import (
    OPTIMIZERS as OPTIMIZERS,
)
from .optimizers import (
    OptimizerInfo as OptimizerInfo,
)
from .parameterizations import (
    PARAMETERIZATIONS as PARAMETERIZATIONS,
)
from .parameterizations import (
    ParameterizationInfo as ParameterizationInfo,
)
from .samplers import (
    SAMPLERS as SAMPLERS,
)
from .samplers import (
    SamplerInfo as SamplerInfo,
)
from .schedules import (
    SCHEDULES as SCHEDULES,
)
from .schedules import (
    ScheduleInfo as ScheduleInfo,
)
from .timestep_sampling import (
    TIMESTEP_SAMPLING as TIMESTEP_SAMPLING,
)
from .timestep_sampling import (
    TimestepSamplingInfo as TimestepSamplingInfo,
)
from .variances import (
    VARIANCES as VARIANCES,
)
from .variances import (
    VarianceInfo as VarianceInfo,
)
