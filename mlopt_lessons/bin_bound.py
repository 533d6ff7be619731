"""Bins that no packing can do without, in one dimension; lessons 2 and 4 pack with it."""

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-9  # of a bin: 0.1 + 0.2 fits where 0.3 is free


def fewest_bins(sizes: NDArray[np.float64]) -> int:
    """A lower bound on the bins of size 1 for items of the given sizes, 0 to 1, shape (n,).

    L2 = max over α in [0, 1/2] of |J1| + |J2| + ⌈(sum of J3 − what J2 leaves free)⁺⌉, of Martello and Toth
    (Lower bounds and reduction procedures for the bin packing problem, 1990); never below ⌈sum⌉. J1: sizes
    over 1 − α, J2: over 1/2 up to 1 − α, J3: from α up to 1/2. Only the sizes up to 1/2, and 0, can be the
    best α.
    """
    alphas = np.unique(np.concatenate([[0.0], sizes[sizes <= 0.5]]))
    return max(_bound_with(sizes, alpha) for alpha in alphas)


def _bound_with(sizes: NDArray[np.float64], alpha: float) -> int:
    # Items that only just fit together must count as fitting: a bound may be low, never high.
    large = sizes > 1 - alpha + TOLERANCE
    middle = (sizes > 0.5 + TOLERANCE) & ~large
    small = (sizes >= alpha) & (sizes <= 0.5 + TOLERANCE)
    left = middle.sum() - sizes[middle].sum()
    more = max(0.0, sizes[small].sum() - left)
    slack = TOLERANCE * (sizes.size + 1)
    return int(large.sum() + middle.sum() + np.ceil(more - slack))
