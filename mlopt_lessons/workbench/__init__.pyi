from .accuracy import Accuracy, accuracy
from .datasets import Dataset, dataset_for, digits, glyphs, glyphs_test
from .latency import Latency, latency, ratio
from .models import MODELS, DepthwiseCNN, GlyphCNN, WideMLP, build, fold_batch_norm
from .prices import Price, dollars_per_million, price, prices
from .size import format_bytes, size_on_disk
from .training import train
from .weights import WeightsError, load_card, load_model, load_weights, save_weights

__all__ = [
    "MODELS",
    "Accuracy",
    "Dataset",
    "DepthwiseCNN",
    "GlyphCNN",
    "Latency",
    "Price",
    "WeightsError",
    "WideMLP",
    "accuracy",
    "build",
    "dataset_for",
    "digits",
    "dollars_per_million",
    "fold_batch_norm",
    "format_bytes",
    "glyphs",
    "glyphs_test",
    "latency",
    "load_card",
    "load_model",
    "load_weights",
    "price",
    "prices",
    "ratio",
    "save_weights",
    "size_on_disk",
    "train",
]
