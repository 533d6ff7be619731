"""Exercise 06 as its author sees it: right answers, and each named wrong answer as code.

Never shipped to learners. Tests prove that each wrong answer gets its own hint.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]
MS_PER_HOUR = 3_600_000


def bitmask_bytes(rows: int, columns: int, kept: int) -> int:
    """Task 1: a bit for each weight, rounded up to bytes, and 4 bytes for each that stays."""
    return -(-rows * columns // 8) + 4 * kept


def global_masks(
    weights: list[Array], amount: float, order: Any = np.abs, compare: Any = np.abs
) -> list[Array]:
    """Task 2: masks from one threshold, the smallest size that stays; True keeps."""
    flat = order(np.concatenate([weight.ravel() for weight in weights]))
    threshold = np.sort(flat)[round(amount * flat.size)]
    return [compare(weight) >= threshold for weight in weights]


def signed(weights: Array) -> Array:
    """Task 2, wrong: the weight itself where its size is asked."""
    return weights


def threshold_per_layer(weights: list[Array], amount: float) -> list[Array]:
    """Task 2, wrong: each layer loses the same part."""
    return [global_masks([weight], amount)[0] for weight in weights]


def mask_inverted(weights: list[Array], amount: float) -> list[Array]:
    """Task 2, wrong: True where a weight goes."""
    return [~mask for mask in global_masks(weights, amount)]


def threshold_cut_too(weights: list[Array], amount: float) -> list[Array]:
    """Task 2, wrong: compares with > where the threshold is the first that stays."""
    one_more = 1 / sum(weight.size for weight in weights)
    return global_masks(weights, amount + one_more)


def masked_step(
    weight: Array,
    mask: Array,
    velocity: Array,
    gradient: Array,
    rate: float,
    momentum: float,
    decay: float,
) -> Array:
    """Task 3: a step of SGD with momentum and weight decay, as PyTorch takes it; cut weights at 0."""
    velocity = momentum * velocity + gradient + decay * weight
    return (weight - rate * velocity) * mask


def mask_lost(weight: Array, mask: Array, *rest: Any) -> Array:
    """Task 3, wrong: the step alone."""
    return masked_step(weight, np.ones_like(mask), *rest)


def mask_before_only(
    weight: Array, mask: Array, velocity: Array, gradient: Array, *rest: Any
) -> Array:
    """Task 3, wrong: masks the gradient; what the velocity has gathered still moves cut weights."""
    return mask_lost(weight, mask, velocity, gradient * mask, *rest)


def velocity_forgotten(
    weight: Array, mask: Array, velocity: Array, gradient: Array, *rest: Any
) -> Array:
    """Task 3, wrong: plain gradient descent."""
    return masked_step(weight, mask, np.zeros_like(velocity), gradient, *rest)


def step_uphill(
    weight: Array, mask: Array, velocity: Array, gradient: Array, rate: float, *rest: Any
) -> Array:
    """Task 3, wrong: adds the step instead of taking it away."""
    return masked_step(weight, mask, velocity, gradient, -rate, *rest)


def kept_neurons(W1: Array, amount: float, axis: int = 1) -> Array:
    """The indices of the neurons that stay, the weakest first."""
    return np.argsort(np.linalg.norm(W1, axis=axis))[round(amount * len(W1)) :]


def cut(W1: Array, b1: Array, W2: Array, kept: Array) -> Arrays:
    """Both layers with the neurons `kept` only."""
    return {"W1": W1[kept], "b1": b1[kept], "W2": W2[:, kept]}


def remove_neurons(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4: both layers without the neurons whose rows of W1 have the smallest 2-norms."""
    return cut(W1, b1, W2, np.sort(kept_neurons(W1, amount)))


def next_layer_forgotten(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4, wrong: the next layer still expects every neuron."""
    return remove_neurons(W1, b1, W2, amount) | {"W2": W2}


def bias_forgotten(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4, wrong: a bias for each neuron of before."""
    return remove_neurons(W1, b1, W2, amount) | {"b1": b1}


def zeros_instead(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4, wrong: neurons at 0 in arrays as large as before."""
    stays = np.isin(np.arange(len(W1)), kept_neurons(W1, amount))
    return {"W1": W1 * stays[:, None], "b1": b1 * stays, "W2": W2 * stays}


def wrong_axis(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4, wrong: the norms of the inputs (columns) choose the neurons."""
    return cut(W1, b1, W2, np.sort(kept_neurons(W1, amount, axis=0)))


def shuffled(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4, wrong: the right neurons, the weakest first."""
    return cut(W1, b1, W2, kept_neurons(W1, amount))


def measured_ms(variant: dict[str, Any], variants: list[dict[str, Any]]) -> float:
    """The time of a prediction as it was measured."""
    return variant["ms"]


def hoped_ms(variant: dict[str, Any], variants: list[dict[str, Any]]) -> float:
    """Task 5, wrong: the dense model's time, shortened as the weights are."""
    dense = next(each for each in variants if each["weights_left"] == 1)
    return dense["ms"] * variant["weights_left"]


def cheapest(
    variants: list[dict[str, Any]],
    monthly: float,
    months: int,
    floor: float,
    *,
    score: str = "low",
    good: bool = True,
    tuning: bool = True,
    ms: Callable[..., float] = measured_ms,
) -> str | None:
    """Task 5: the variant with the lowest total cost whose interval clears the floor."""
    left = [v for v in variants if not good or v[score] >= floor]

    def cost(variant: dict[str, Any]) -> float:
        hours = monthly * months * ms(variant, variants) / MS_PER_HOUR
        return tuning * variant["usd_tuning"] + hours * variant["usd_per_hour"]

    return min(left, key=cost)["name"] if left else None


RIGHT: dict[str, Any] = {
    "06-1": bitmask_bytes,
    "06-2": global_masks,
    "06-3": masked_step,
    "06-4": remove_neurons,
    "06-5": cheapest,
}
WRONG: dict[str, dict[str, Any]] = {
    "06-1": {
        "zeros-are-free": lambda rows, columns, kept: 4 * kept,
        "mask-bit-is-a-byte": lambda rows, columns, kept: rows * columns + 4 * kept,
        "mask-skips-zeros": lambda rows, columns, kept: kept // 8 + 4 * kept,
        "amount-is-kept": lambda rows, columns, kept: bitmask_bytes(
            rows, columns, rows * columns - kept
        ),
        "layouts-are-alike": lambda rows, columns, kept: 4 * rows * columns,
    },
    "06-2": {
        "threshold-per-layer": threshold_per_layer,
        "signed-order": lambda *a: global_masks(*a, order=signed, compare=signed),
        "negatives-cut": lambda *a: global_masks(*a, compare=signed),
        "mask-inverted": mask_inverted,
        "threshold-cut-too": threshold_cut_too,
    },
    "06-3": {
        "mask-lost": mask_lost,
        "mask-before-only": mask_before_only,
        "velocity-forgotten": velocity_forgotten,
        "step-uphill": step_uphill,
    },
    "06-4": {
        "next-layer-forgotten": next_layer_forgotten,
        "bias-forgotten": bias_forgotten,
        "zeros-instead-of-removal": zeros_instead,
        "wrong-axis-pruned": wrong_axis,
        "neurons-shuffled": shuffled,
    },
    "06-5": {
        "tuning-is-free": lambda *a: cheapest(*a, tuning=False),
        "ignores-accuracy": lambda *a: cheapest(*a, good=False),
        "point-estimate": lambda *a: cheapest(*a, score="accuracy"),
        "speed-from-sparsity": lambda *a: cheapest(*a, ms=hoped_ms),
        "one-month-only": lambda variants, monthly, months, floor: cheapest(
            variants, monthly, 1, floor
        ),
    },
}
