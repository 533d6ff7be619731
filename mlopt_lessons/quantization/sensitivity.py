"""Sensitivity: which layer suffers most from fewer bits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from mlopt_lessons.quantization.calibration import Granularity, Method, Scheme
from mlopt_lessons.quantization.simulate import fake_quantized
from mlopt_lessons.workbench import scan_layers, weighted_layers


@dataclass(frozen=True)
class LayerSensitivity:
    """What it costs to round one layer alone.

    `score` is what `evaluate` returned with this layer at `bits` and all others in float32; `loss`
    is the score of the untouched model minus that, in the unit of `evaluate`.
    """

    name: str
    bits: int
    score: float
    loss: float


def scan(
    model: nn.Module,
    evaluate: Callable[[nn.Module], float],
    bits: Sequence[int] = (8, 4, 2),
    *,
    scheme: Scheme = "symmetric",
    granularity: Granularity = "channel",
    method: Method = "min-max",
) -> list[LayerSensitivity]:
    """Rounds one layer's weights at a time and scores the model, for each number of bits.

    `evaluate` takes a model and returns its score, higher is better (accuracy, or minus a loss).
    The result follows the model's order of layers, then `bits` (Nagel et al. 2021,
    arXiv:2106.08295, section 3.6). It costs one evaluation a layer and number of bits, plus one.
    Layers interact: losses don't simply add up.
    """

    def rounded(name: str, layer_bits: int) -> nn.Module:
        return fake_quantized(model, {name: layer_bits}, scheme, granularity, method)

    found = scan_layers(model, weighted_layers(model), evaluate, bits, rounded)
    return [LayerSensitivity(*row) for row in found]
