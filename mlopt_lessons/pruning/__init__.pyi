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

__all__ = [
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
    "sparsity",
    "wanda_mask",
    "weights_of",
    "zeros",
]
