from . import data as data
from . import engine as engine
from . import jobs as jobs
from . import requests as requests
from . import runs as runs
from .api.importing import import_model as import_model
from .api.results import Bits as Bits
from .api.results import Drawing as Drawing
from .api.results import Encoded as Encoded
from .api.results import Evaluation as Evaluation
from .api.results import Neighbours as Neighbours
from .api.run import Run as Run
from .api.run import open as open
from .api.training import train as train
from .engine.generators import finish as finish
from .errors import PluginWarning as PluginWarning
from .errors import StudioError as StudioError

__version__: str
