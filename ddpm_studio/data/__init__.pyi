from .dataset import Dataset as Dataset
from .fitting import (
    choose_size as choose_size,
)
from .preparing import (
    find_prepared as find_prepared,
)
from .preparing import (
    key_of_files as key_of_files,
)
from .preparing import (
    prepare as prepare,
)
from .previewing import (
    PreviewResult as PreviewResult,
)
from .previewing import (
    preview as preview,
)
from .report import (
    Reject as Reject,
)
from .report import (
    Report as Report,
)
from .samples import (
    SampleSet as SampleSet,
)
from .samples import (
    sample_sets as sample_sets,
)
from .single import (
    fit_picture as fit_picture,
)
from .single import (
    read_picture as read_picture,
)
