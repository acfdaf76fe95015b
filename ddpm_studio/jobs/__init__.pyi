from .drawing.inpainting import (
    inpaint as inpaint,
)
from .drawing.inpainting import (
    load_mask as load_mask,
)
from .drawing.interpolation import (
    interpolate as interpolate,
)
from .drawing.interpolation import (
    interpolate_path as interpolate_path,
)
from .drawing.latents import (
    encode_picture as encode_picture,
)
from .drawing.latents import (
    load_latent as load_latent,
)
from .drawing.latents import (
    save_latent as save_latent,
)
from .drawing.models import (
    Model as Model,
)
from .drawing.models import (
    ModelStore as ModelStore,
)
from .drawing.pictures import (
    fit_picture as fit_picture,
)
from .drawing.redrawing import redraw as redraw
from .drawing.sampling import sample as sample
from .drawing.sampling import sample_to_file as sample_to_file
from .drawing.series import (
    interpolate_series as interpolate_series,
)
from .drawing.series import (
    sample_interleaved as sample_interleaved,
)
from .drawing.series import (
    share_series as share_series,
)
from .drawing.sharing import share as share
from .library.exchange import (
    ModelDescription as ModelDescription,
)
from .library.exchange import (
    export_diffusers as export_diffusers,
)
from .library.exchange import (
    import_model as import_model,
)
from .library.exchange import (
    inspect_model as inspect_model,
)
from .library.numbered import load_labelled_picture as load_labelled_picture
from .library.numbered import load_picture as load_picture
from .library.run_summary import (
    RunSummary as RunSummary,
)
from .library.run_summary import (
    describe_run as describe_run,
)
from .library.training_pictures import example_pictures as example_pictures
from .library.training_pictures import labelled_example_pictures as labelled_example_pictures
from .measuring.bits import measure_bits as measure_bits
from .measuring.bound import (
    bound_parts as bound_parts,
)
from .measuring.bound import (
    step_gaussians as step_gaussians,
)
from .measuring.decoding import decode as decode
from .measuring.evaluating import (
    evaluate as evaluate,
)
from .measuring.evaluating import (
    evaluate_files as evaluate_files,
)
from .measuring.forward import (
    noised_picture as noised_picture,
)
from .measuring.forward import (
    schedule_tables as schedule_tables,
)
from .measuring.neighbours import find_neighbours as find_neighbours
from .playground import (
    PointModel as PointModel,
)
from .playground import (
    diffuse_points as diffuse_points,
)
from .playground import (
    evaluate_scores as evaluate_scores,
)
from .playground import (
    langevin as langevin,
)
from .playground import (
    play as play,
)
from .playground import (
    sample_trajectory as sample_trajectory,
)
from .playground import (
    score_field as score_field,
)
from .playground import (
    shape_points as shape_points,
)
from .playground import (
    start_noise as start_noise,
)
from .playground import (
    true_score as true_score,
)
from .publishing.publishing import (
    PackedModel as PackedModel,
)
from .publishing.publishing import (
    publish as publish,
)
from .reporting.writing import report as report
from .training.budget_training import (
    train_within_budget as train_within_budget,
)
from .training.distilling import distill as distill
from .training.training import (
    TrainResult as TrainResult,
)
from .training.training import (
    train as train,
)
