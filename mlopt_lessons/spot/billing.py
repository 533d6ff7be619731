"""What a provider charges for one life of a spot machine, in hours."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Hours = NDArray[np.float64]
Billing = Callable[[Hours, NDArray[np.bool_]], Hours]


def per_second(life_h: Hours, interrupted: NDArray[np.bool_]) -> Hours:
    """Every hour as it was, shape (lives,): what AWS, GCP and Azure do for Linux machines today."""
    return life_h


def whole_hours(life_h: Hours, interrupted: NDArray[np.bool_]) -> Hours:
    """Each life rounded up to whole hours, as spot was billed before billing by the second."""
    return np.ceil(life_h - 1e-9)


def first_hour_free(life_h: Hours, interrupted: NDArray[np.bool_]) -> Hours:
    """Nothing for a life that the provider ends within its first hour, else as it was.

    Source: AWS, "Billing for interrupted Spot Instances": an instance that Amazon EC2 interrupts in its
    first hour is not charged.
    """
    return np.where(interrupted & (life_h < 1.0), 0.0, life_h)
