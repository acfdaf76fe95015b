"""A toy of each kind, as another package adds it: descriptions here, the code beside."""

from ddpm_studio.catalogue import (
    DataFormatInfo,
    DrawingInfo,
    FeatureInfo,
    Figure,
    Input,
    LearningRateInfo,
    LossInfo,
    MetricInfo,
    ModelFormatInfo,
    NetworkInfo,
    Offer,
    OptimizerInfo,
    Option,
    ParameterizationInfo,
    PresetInfo,
    SamplerInfo,
    ScheduleInfo,
    TimestepSamplingInfo,
    ToolInfo,
    VarianceInfo,
)

ENTRIES = (
    SamplerInfo(
        "toy-walk",
        "Toy walk",
        "straight through x̂₀, with a share of ε̂ left",
        "toy_plugin.sampler:walk",
        deterministic=True,
        default_steps=10,
        options=(Option("keep", "Keep", "Share of ε̂ that is kept.", 1.0, 0.0, 1.0),),
    ),
    ScheduleInfo("toy-sqrt", "Toy root", "ᾱ falls as 1 − √(t/T)", "toy_plugin.schedule:sqrt"),
    ParameterizationInfo(
        "toy-score", "Toy score", "the score, −ε/√(1−ᾱ)", "toy_plugin.parameterization:Score"
    ),
    VarianceInfo("toy-middle", "σ² = √(βₜ β̃ₜ)", "between the bounds", "toy_plugin.variance:middle"),
    LossInfo("toy-l1", "Toy L1", "the mean absolute error", "toy_plugin.loss:l1"),
    TimestepSamplingInfo(
        "toy-late", "Toy late", "large t alone", "toy_plugin.timesteps:LateTimesteps"
    ),
    NetworkInfo(
        "toy-net",
        "Toy network",
        "two layers over each pixel",
        "toy_plugin.network:ToyNet",
        config="toy_plugin.network:ToyConfig",
    ),
    PresetInfo("toy-small", "toy small", "the toy network", "toy_plugin.network:small"),
    OptimizerInfo(
        "toy-sign",
        "Toy sign",
        "by the slope's sign",
        "toy_plugin.optimizer:SignDescent",
        options=(Option("momentum", "Momentum", "Share of earlier slopes.", 0.0, 0.0, 0.99),),
    ),
    FeatureInfo(
        "toy-colour", "toy colour", "the mean of each channel", "toy_plugin.features:colour"
    ),
    MetricInfo(
        "toy-gap",
        "Toy gap",
        "between the mean features",
        "toy_plugin.metric:gap",
        figures=(Figure("toy-gap", "Toy gap", "lower"),),
    ),
    LearningRateInfo("toy-half", "Toy half", "half of it", "toy_plugin.learning_rate:half"),
    DataFormatInfo(
        "toy-bytes",
        "Toy bytes",
        "16×16 gray pictures, a byte each pixel",
        "toy_plugin.data_format:read",
        suffixes=(".toy",),
    ),
    ModelFormatInfo("toy-file", "Toy", "the toy program's", "toy_plugin.model_format:ToyFile"),
    ToolInfo(
        "toy-echo",
        "Toy echo",
        "a picture noised and drawn back",
        "toy_plugin.echo_panel:EchoPanel",
        menu="Toy &echo",
        icon="repeat",
        keywords="reverberate",
        drawings=(
            DrawingInfo(
                "toy-echo",
                "Echoed",
                "an echo of a picture",
                "toy_plugin.echo:echo",
                request="toy_plugin.echo:EchoRequest",
                doing="Echoing {count} times",
                inputs=(Input("picture"),),
            ),
        ),
        offers=(Offer("echo", "Echo it"),),
    ),
)
