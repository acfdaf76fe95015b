from .animation import (
    ANIMATION_SUFFIXES as ANIMATION_SUFFIXES,
)
from .animation import (
    FrameSelection as FrameSelection,
)
from .animation import (
    check_animation as check_animation,
)
from .animation import (
    keeps_alpha as keeps_alpha,
)
from .animation import (
    save_animation as save_animation,
)
from .atomic_writes import check_destination as check_destination
from .estimate import (
    Estimate as Estimate,
)
from .estimate import (
    estimate_animation as estimate_animation,
)
from .grid import (
    make_grid as make_grid,
)
from .grid import (
    side_by_side as side_by_side,
)
from .grid import (
    zoom as zoom,
)
from .grid import (
    zoom_to as zoom_to,
)
from .npy import NPY as NPY
from .npy import save_npy as save_npy
from .npz import NPZ as NPZ
from .npz import open_npz as open_npz
from .npz import save_npz as save_npz
from .pictures import (
    check_sequence_folder as check_sequence_folder,
)
from .pictures import (
    open_png_sequence as open_png_sequence,
)
from .pictures import (
    picture_recipes as picture_recipes,
)
from .pictures import (
    save_grid as save_grid,
)
from .pictures import (
    save_png as save_png,
)
from .pictures import (
    save_png_sequence as save_png_sequence,
)
from .recipe import ZOOM_KEY as ZOOM_KEY
from .recipe import read_recipe as read_recipe
from .recipe import zoom_of as zoom_of
from .recipe import zoomed_recipe as zoomed_recipe
from .text_metadata import (
    RECIPE_KEY as RECIPE_KEY,
)
from .text_metadata import (
    RECIPE_SUFFIXES as RECIPE_SUFFIXES,
)
from .timing import (
    Easing as Easing,
)
from .timing import (
    choose_frames as choose_frames,
)
from .video import find_ffmpeg as find_ffmpeg
