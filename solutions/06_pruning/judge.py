"""Exercise 06 as its author sees it: right answers, each named wrong answer as code, hidden marks.

Never shipped to learners. Tests prove that each wrong answer gets its own hint and loses points.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mlopt_lessons.grading.marking import Args, Hidden, compared, number
from mlopt_lessons.pruning.exercise import TASK_1, TASK_2, TASK_3, TASK_4, TASK_5

Array = NDArray[Any]
Arrays = dict[str, Array]
MS_PER_HOUR = 3_600_000


def bitmask_bytes(rows: int, columns: int, kept: int) -> int:
    """Task 1: a bit for each weight, rounded up to bytes, and 4 bytes for each that stays."""
    return -(-rows * columns // 8) + 4 * kept


def global_masks(
    weights: list[Array], amount: float, more: int = 0, order: Any = np.abs, compare: Any = np.abs
) -> list[Array]:
    """Task 2: masks from one threshold, the smallest size that stays; True keeps."""
    flat = order(np.concatenate([weight.ravel() for weight in weights]))
    threshold = np.sort(flat)[round(amount * flat.size) + more]
    return [compare(weight) >= threshold for weight in weights]


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


def kept_neurons(W1: Array, amount: float, axis: int = 1) -> Array:
    """The indices of the neurons that stay, the weakest first."""
    return np.argsort(np.linalg.norm(W1, axis=axis))[round(amount * len(W1)) :]


def cut(W1: Array, b1: Array, W2: Array, kept: Array) -> Arrays:
    """Both layers with the neurons `kept` only."""
    return {"W1": W1[kept], "b1": b1[kept], "W2": W2[:, kept]}


def remove_neurons(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4: both layers without the neurons whose rows of W1 have the smallest 2-norms."""
    return cut(W1, b1, W2, np.sort(kept_neurons(W1, amount)))


def zeros_instead(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4, wrong: neurons at 0 in arrays as large as before."""
    stays = np.isin(np.arange(len(W1)), kept_neurons(W1, amount))
    return {"W1": W1 * stays[:, None], "b1": b1 * stays, "W2": W2 * stays}


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
        "threshold-per-layer": lambda weights, amount: [
            global_masks([weight], amount)[0] for weight in weights
        ],
        "signed-order": lambda *a: global_masks(*a, order=np.positive, compare=np.positive),
        "negatives-cut": lambda *a: global_masks(*a, compare=np.positive),
        "mask-inverted": lambda *a: [~mask for mask in global_masks(*a)],
        "threshold-cut-too": lambda *a: global_masks(*a, more=1),
    },
    "06-3": {
        "mask-lost": lambda w, mask, *rest: masked_step(w, mask | True, *rest),
        "mask-before-only": lambda w, mask, v, g, *rest: masked_step(
            w, mask | True, v, g * mask, *rest
        ),
        "velocity-forgotten": lambda w, mask, v, *rest: masked_step(w, mask, 0 * v, *rest),
        "step-uphill": lambda w, mask, v, g, rate, *rest: masked_step(w, mask, v, g, -rate, *rest),
    },
    "06-4": {
        "next-layer-forgotten": lambda W1, b1, W2, part: (
            remove_neurons(W1, b1, W2, part) | {"W2": W2}
        ),
        "bias-forgotten": lambda W1, b1, W2, part: remove_neurons(W1, b1, W2, part) | {"b1": b1},
        "zeros-instead-of-removal": zeros_instead,
        "wrong-axis-pruned": lambda W1, b1, W2, amount: cut(
            W1, b1, W2, np.sort(kept_neurons(W1, amount, axis=0))
        ),
        "neurons-shuffled": lambda W1, b1, W2, amount: cut(W1, b1, W2, kept_neurons(W1, amount)),
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


def networks(generator: Generator) -> Iterator[Args]:
    """Task 2: layers of several shapes and sizes; nothing goes, or up to nine tenths."""
    for amount in (0.0, *generator.uniform(0.1, 0.9, 9).tolist()):
        rows, columns, more = generator.integers(3, 12, 3).tolist()
        shapes = ((1.0, (rows, columns)), (0.1, (more, rows)), (2.0, (columns,)))
        yield [generator.normal(0, size, shape) for size, shape in shapes], amount


def by_rank(weights: list[Array], amount: float) -> list[Array]:
    """Task 2, by the place of each weight in the order of all sizes."""
    sizes = np.concatenate([np.abs(weight).ravel() for weight in weights])
    stays = sizes.argsort().argsort() >= round(amount * sizes.size)
    parts = np.split(stays, np.cumsum([weight.size for weight in weights])[:-1])
    return [part.reshape(weight.shape) for part, weight in zip(parts, weights, strict=True)]


def training_steps(generator: Generator, cut: bool = True, moving: bool = True) -> Iterator[Args]:
    """Task 3: steps of layers, pruned or not, with a velocity or from rest."""
    for shape in ((6, 5), (30,), (4, 3, 2)):
        stays = generator.permutation(np.arange(np.prod(shape)) % 3 == 0).reshape(shape)
        mask = stays if cut else np.ones(shape, bool)
        weight, velocity, gradient = generator.normal(size=(3, *shape))
        rate, momentum, decay = generator.uniform((0.01, 0.5, 0.01), (0.1, 0.95, 0.2)).tolist()
        yield weight * mask, mask, velocity * moving, gradient, rate, momentum, decay


def weight_by_weight(*given: Any) -> Array:
    """Task 3, written out."""
    weight, mask, velocity, gradient, rate, momentum, decay = given
    step = rate * (momentum * velocity + gradient + decay * weight)
    return np.where(mask, weight - step, 0.0)


def and_zeros(weight: Any) -> dict[str, Any]:
    """Task 3: the new weight, and how many are exactly 0."""
    return {"weight": weight, "zeros": int((np.asarray(weight) == 0).sum())}


def hidden_layers(generator: Generator) -> Iterator[Args]:
    """Task 4: networks with at least as many neurons as inputs."""
    for amount in (0.0, *generator.uniform(0.15, 0.9, 7).tolist()):
        inputs, outputs = generator.integers(2, 8, 2).tolist()
        neurons = inputs + int(generator.integers(5, 12))
        shapes = ((neurons, inputs), (neurons,), (outputs, neurons))
        yield *(generator.normal(size=shape) for shape in shapes), amount


def strongest(W1: Array, b1: Array, W2: Array, amount: float) -> Arrays:
    """Task 4, by a threshold for the strength."""
    strength = np.sqrt((W1**2).sum(axis=1))
    stays = strength >= np.sort(strength)[round(amount * len(b1))]
    return {"W1": W1[stays], "b1": b1[stays], "W2": W2[:, stays]}


def measured(generator: Generator) -> list[dict[str, Any]]:
    """Task 5: six variants; the first is the dense model."""
    low, high = (0.05, 92, 0.3, 5, 0.05, 10), (0.6, 98, 1.5, 30, 0.2, 400)
    drawn = generator.uniform(low, high, (6, 6))
    drawn[0, [0, 5]] = 1, 0
    return [
        {"name": f"variant {place}", "weights_left": left, "mb": int(350 * left), "ms": ms}
        | {"accuracy": accuracy, "low": accuracy - below, "usd_per_hour": usd, "usd_tuning": tuning}
        for place, (left, accuracy, below, ms, usd, tuning) in enumerate(drawn.tolist())
    ]


def shop(generator: Generator, ample: bool) -> tuple[list[dict[str, Any]], int, int, float]:
    """Task 5: variants that all will do if it is ample; else some of them may do just so."""
    variants = measured(generator)
    lows = [each["low"] for each in variants]
    least, high = (10**6, 2, 0, 0), (10**8, 25, 6, 2)
    monthly, months, place, above = generator.integers(least, high).tolist()
    return variants, monthly, months, min(lows) if ample else lows[place] + above


def shops(
    generator: Generator, rules: list[str], fits: tuple[bool, ...] = (True,), ample: bool = False
) -> Iterator[Args]:
    """Task 5: questions that each wrong rule gets wrong; a variant will do if it `fits`."""
    for rule, fit in product(rules, fits):
        right, wrong = None, None
        while right == wrong or fit != (right is not None):
            given = shop(generator, ample)
            right, wrong = first_that_will_do(*given), WRONG["06-5"][rule](*given)
        yield given


def first_that_will_do(
    variants: list[dict[str, Any]], monthly: float, months: int, floor: float
) -> str | None:
    """Task 5, going through the variants from the cheapest to the dearest."""

    def usd(each: dict[str, Any]) -> float:
        return (
            each["usd_tuning"] + each["usd_per_hour"] / 3600 * each["ms"] / 1000 * monthly * months
        )

    good = (each["name"] for each in sorted(variants, key=usd) if each["low"] >= floor)
    return next(good, None)


_BYTES = number(2, "the bytes with a bitmask", 100 * 200 // 8 + 6_000 * 4)
_MASKS = compared(2, "the masks of all layers together", networks, by_rank, wrong=WRONG["06-2"])
_step = partial(
    compared, right=weight_by_weight, wrong=WRONG["06-3"], pick=and_zeros, tolerance=1e-4
)
_STEP = (
    _step(1, "a step where nothing is cut", partial(training_steps, cut=False)),
    _step(1, "a step from rest, with the mask held", partial(training_steps, moving=False)),
    _step(1, "the mask held against the velocity from before the cut", training_steps),
)
_layer = partial(compared, draw=hidden_layers, right=strongest, wrong=WRONG["06-4"])
_LAYERS = (
    _layer(1, "the rows of W1 that stay, in the old order", pick=itemgetter("W1")),
    _layer(1, "the values of b1 that stay, in the old order", pick=itemgetter("b1")),
    _layer(1, "the columns of W2 that stay, in the old order", pick=itemgetter("W2")),
)
_RULES = list(WRONG["06-5"])
_COSTS = ["tuning-is-free", "speed-from-sparsity", "one-month-only"]
_ALL = partial(shops, rules=_COSTS * 5, ample=True)
_SOME = partial(shops, rules=_RULES * 4)
_NONE = partial(shops, rules=["ignores-accuracy", "point-estimate"] * 5, fits=(True, False))
_shop = partial(compared, right=first_that_will_do, wrong=WRONG["06-5"])
_SHOP = (
    _shop(2, "the fewest dollars in all, where every variant will do", _ALL),
    _shop(1, "leaving out what cannot promise the floor", _SOME),
    _shop(1, "a None where none will do, and only there", _NONE, pick=lambda name: name is None),
)
HIDDEN: dict[str, Hidden] = {
    "06-1": Hidden(TASK_1, "answer", (_BYTES,)),
    "06-2": Hidden(TASK_2, "global_masks", (_MASKS,)),
    "06-3": Hidden(TASK_3, "masked_step", _STEP),
    "06-4": Hidden(TASK_4, "remove_neurons", _LAYERS),
    "06-5": Hidden(TASK_5, "cheapest", _SHOP),
}
