"""The models and data that get compressed; training, accuracy, size on disk, latency, prices."""

from mlopt_lessons.workbench.accuracy import Accuracy, accuracy
from mlopt_lessons.workbench.datasets import Dataset, dataset_for, digits, glyphs, glyphs_test
from mlopt_lessons.workbench.hardware import NOT_LISTED, Gpu, gpu, gpus, variants
from mlopt_lessons.workbench.latency import Latency, latency, ratio
from mlopt_lessons.workbench.layers import (
    WeightedLayer,
    check_weights_stored,
    make_permanent,
    scan_layers,
    weighted_layers,
)
from mlopt_lessons.workbench.memory import release_after_each_cell, release_free_memory
from mlopt_lessons.workbench.models import (
    MODELS,
    DepthwiseCNN,
    GlyphCNN,
    WideMLP,
    build,
    fold_batch_norm,
)
from mlopt_lessons.workbench.prices import (
    Price,
    as_price,
    dollars_per_million,
    gpu_prices,
    own_prices,
    price,
    prices,
)
from mlopt_lessons.workbench.size import format_bytes, size_on_disk
from mlopt_lessons.workbench.training import train
from mlopt_lessons.workbench.transfer import (
    EGRESS_DATE,
    EGRESS_SOURCE,
    dollars_per_million_downloads,
)
from mlopt_lessons.workbench.weights import (
    WeightsError,
    load_card,
    load_model,
    load_weights,
    save_weights,
)

__all__ = [
    "EGRESS_DATE",
    "EGRESS_SOURCE",
    "MODELS",
    "NOT_LISTED",
    "Accuracy",
    "Dataset",
    "DepthwiseCNN",
    "GlyphCNN",
    "Gpu",
    "Latency",
    "Price",
    "WeightedLayer",
    "WeightsError",
    "WideMLP",
    "accuracy",
    "as_price",
    "build",
    "check_weights_stored",
    "dataset_for",
    "digits",
    "dollars_per_million",
    "dollars_per_million_downloads",
    "fold_batch_norm",
    "format_bytes",
    "glyphs",
    "glyphs_test",
    "gpu",
    "gpu_prices",
    "gpus",
    "latency",
    "load_card",
    "load_model",
    "load_weights",
    "make_permanent",
    "own_prices",
    "price",
    "prices",
    "ratio",
    "release_after_each_cell",
    "release_free_memory",
    "save_weights",
    "scan_layers",
    "size_on_disk",
    "train",
    "variants",
    "weighted_layers",
]
