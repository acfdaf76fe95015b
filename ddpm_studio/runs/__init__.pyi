from .checkpoint import Checkpoint as Checkpoint
from .folder import RunFolder as RunFolder
from .info import DataInfo as DataInfo
from .info import ProcessInfo as ProcessInfo
from .info import RunInfo as RunInfo
from .lock import RunLock as RunLock
