from .apply import (
    fine_tune,
    gradually,
    magnitude_masks,
    masked,
    random_masks,
    weights_of,
    zeros,
)
from .masks import (
    emptied,
    global_masks,
    magnitude_mask,
    n_m_mask,
    random_mask,
    sparsity,
    wanda_mask,
)
from .schedule import cubic
from .sensitivity import LayerSensitivity, scan
from .storage import LAYOUTS, Layout, Stored, restore, sizes, store
from .structured import Structured, remove_outputs
from .wanda import wanda_masks

__all__ = [
    "LAYOUTS",
    "LayerSensitivity",
    "Layout",
    "Stored",
    "Structured",
    "cubic",
    "emptied",
    "fine_tune",
    "global_masks",
    "gradually",
    "magnitude_mask",
    "magnitude_masks",
    "masked",
    "n_m_mask",
    "random_mask",
    "random_masks",
    "remove_outputs",
    "restore",
    "scan",
    "sizes",
    "sparsity",
    "store",
    "wanda_mask",
    "wanda_masks",
    "weights_of",
    "zeros",
]
