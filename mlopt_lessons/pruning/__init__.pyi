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
    "global_masks",
    "magnitude_mask",
    "n_m_mask",
    "random_mask",
    "sparsity",
    "wanda_mask",
]
