"""The sensitivity scan: one layer at a time, on a model whose sensitive layer is known."""

import torch
from torch import nn

from mlopt_lessons.quantization.sensitivity import LayerSensitivity, scan


def model_with_a_delicate_layer() -> nn.Sequential:
    """The identity twice; one outlier makes the second layer's grid too coarse for its ones."""
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    with torch.no_grad():
        for layer in model:
            layer.weight.copy_(torch.eye(4))
        model[1].weight[0, 3] = 40.0
    return model


def minus_error(model: nn.Module) -> float:
    x = torch.eye(4)
    return -(model(x) - model_with_a_delicate_layer()(x)).abs().max().item()


def test_the_layer_with_the_outlier_loses_most_and_only_with_few_bits():
    model = model_with_a_delicate_layer()
    found = scan(model, minus_error, bits=(8, 2), granularity="tensor")
    loss = {(s.name, s.bits): s.loss for s in found}
    assert [(s.name, s.bits) for s in found] == [("0", 8), ("0", 2), ("1", 8), ("1", 2)]
    assert loss["0", 8] == loss["0", 2] == 0.0  # ones and zeros lie on every grid
    assert loss["1", 2] == 1.0  # each step is 40: the ones vanish
    assert 0 < loss["1", 8] < 40 / 127


def test_loss_is_the_untouched_score_minus_the_score():
    model = nn.Sequential(nn.Linear(2, 2))
    seen: list[nn.Module] = []

    def evaluate(candidate: nn.Module) -> float:
        seen.append(candidate)
        return 0.9 - 0.1 * (len(seen) - 1)

    found = scan(model, evaluate, bits=(4,))
    assert found == [LayerSensitivity("0", 4, 0.8, 0.9 - 0.8)]
    assert seen[0] is model
    assert seen[1] is not model
