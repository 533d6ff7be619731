"""The histogram that the Kubernetes Vertical Pod Autoscaler (VPA) keeps of a container's usage.

Written from its published definition: kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender/util,
histogram.go, histogram_options.go and decaying_histogram.go.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Past so many half-lives the weights are counted from a new moment, or they would leave a float's range.
MOST_HALF_LIVES = 100


@dataclass(frozen=True)
class Buckets:
    """Edges of buckets from 0 up: the first is `first` wide, each next one `growth` wider.

    Bucket n ≥ 1 starts at first·((1 + growth)ⁿ − 1)/growth, or at n·first where growth is 0. The last
    bucket starts at `most` or above and has no end. Raises ValueError unless first and most are above 0.
    """

    first: float
    most: float
    growth: float = 0.05

    def __post_init__(self) -> None:
        if not (self.first > 0 and self.most > 0 and self.growth >= 0):
            raise ValueError("Buckets need first and most above 0, and growth of 0 or more.")

    @property
    def count(self) -> int:
        """Number of buckets."""
        return math.ceil(float(self._place(self.most))) + 1

    def start(self, bucket: int) -> float:
        """Where a bucket starts, in the unit of `first`."""
        if self.growth == 0:
            return bucket * self.first
        return self.first * ((1 + self.growth) ** bucket - 1) / self.growth

    def find(self, values: ArrayLike) -> NDArray[np.int64]:
        """The bucket of each value; what is outside goes to the first or the last one."""
        values = np.maximum(np.asarray(values, np.float64), 0.0)
        found = np.minimum(self._place(values), self.count - 1)
        return np.where(values < self.first, 0, found).astype(np.int64)

    def _place(self, values: ArrayLike) -> NDArray[np.float64]:
        values = np.asarray(values, np.float64)
        if self.growth == 0:
            return values / self.first
        return np.log(values * self.growth / self.first + 1) / math.log(1 + self.growth)


class Histogram:
    """Weights of values in buckets; a sample loses half of its weight every `half_life_h` hours.

    A bucket with less than `epsilon` counts as empty. With an infinite half-life nothing is forgotten.
    """

    def __init__(
        self, buckets: Buckets, half_life_h: float = math.inf, epsilon: float = 1e-4
    ) -> None:
        if not half_life_h > 0:
            raise ValueError(f"A half-life is above 0 hours, not {half_life_h:g}.")
        self.buckets, self.half_life_h, self.epsilon = buckets, half_life_h, epsilon
        self.weights = np.zeros(buckets.count)
        self._reference_h = -math.inf  # weights are those of a sample at this hour

    def add(self, values: ArrayLike, weights: ArrayLike = 1.0, hours: ArrayLike = 0.0) -> None:
        """Adds samples at the hours given, oldest first; arrays of one shape (n,), or single numbers."""
        values, weights, hours = np.broadcast_arrays(*map(np.atleast_1d, (values, weights, hours)))
        done = 0
        while done < len(hours):
            self._move_reference(float(hours[done]))
            latest = self._reference_h + MOST_HALF_LIVES * self.half_life_h
            end = len(hours) if math.isinf(latest) else int(np.searchsorted(hours, latest, "right"))
            part = slice(done, max(end, done + 1))
            np.add.at(
                self.weights, self.buckets.find(values[part]), self._now(weights, hours, part)
            )
            done = part.stop

    def subtract(self, value: float, weight: float = 1.0, hour: float = 0.0) -> None:
        """Takes a sample out again; what would leave less than epsilon empties the bucket."""
        self._move_reference(hour)
        bucket = int(self.buckets.find(value))
        weight = float(self._now(np.array([weight]), np.array([hour]), slice(None))[0])
        left = self.weights[bucket] - weight
        self.weights[bucket] = left if left >= self.epsilon else 0.0

    def _now(
        self, weights: NDArray[np.float64], hours: NDArray[np.float64], part: slice
    ) -> NDArray[np.float64]:
        if math.isinf(self.half_life_h):
            return weights[part]
        return weights[part] * np.exp2((hours[part] - self._reference_h) / self.half_life_h)

    def _move_reference(self, hour: float) -> None:
        """Counts weights from a new moment, a whole number of half-lives, where they would grow too large."""
        if (
            math.isinf(self.half_life_h)
            or hour <= self._reference_h + MOST_HALF_LIVES * self.half_life_h
        ):
            return
        reference = math.floor(hour / self.half_life_h + 0.5) * self.half_life_h
        self.weights *= np.exp2((self._reference_h - reference) / self.half_life_h)
        self._reference_h = reference

    @property
    def empty(self) -> bool:
        """Whether no bucket holds epsilon or more."""
        return not (self.weights >= self.epsilon).any()

    def percentile(self, percentile: float) -> float:
        """The end of the bucket in which the running weight reaches `percentile` percent; 0 if empty.

        The last bucket has no end, so its start is given.
        """
        filled = np.flatnonzero(self.weights >= self.epsilon)
        if not filled.size:
            return 0.0
        low, high = int(filled[0]), int(filled[-1])
        running = np.cumsum(self.weights[low:high])
        bucket = low + int(np.searchsorted(running, percentile / 100 * self.weights.sum(), "left"))
        return self.buckets.start(min(bucket + 1, self.buckets.count - 1))
