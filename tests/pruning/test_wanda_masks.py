"""Wanda on models: what a weight meets, by torch's own derivative, and what it gains."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from mlopt_lessons import pruning
from mlopt_lessons.pruning.wanda import input_norms
from mlopt_lessons.workbench import accuracy, digits, glyphs, load_model


def met_by_derivative(layer: nn.Module, x: Tensor) -> Tensor:
    """d output / d weight is what the weight is multiplied with; its norm over all outputs."""

    def outputs(weight: Tensor) -> Tensor:
        return functional_call(layer, {"weight": weight}, x).flatten()

    return jacrev(outputs)(layer.weight.detach()).square().sum(0)[0].flatten().sqrt()


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(6, 1), (9, 6)),
        (nn.Linear(6, 1), (3, 4, 6)),
        (nn.Conv2d(2, 1, 3), (3, 2, 7, 6)),
        (nn.Conv2d(2, 1, (3, 2), stride=2, padding=(1, 0), dilation=(1, 2)), (3, 2, 9, 9)),
    ],
)
def test_norms_are_those_of_the_derivative(layer: nn.Module, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(input_norms(layer, x)[""], met_by_derivative(layer, x))


def test_each_output_loses_the_same_part_and_hooks_are_gone() -> None:
    model, data = load_model("glyph_cnn"), glyphs(train=64, test=8)
    masks = pruning.wanda_masks(model, data.train_x, 0.5)
    for name, mask in masks.items():
        assert mask.shape == model.get_submodule(name).weight.shape
        cut = (~mask).flatten(1).sum(1)
        assert (cut == round(0.5 * mask[0].numel())).all()
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_digits_corners_are_silent_and_go_first() -> None:
    model, data = load_model("mlp"), digits()
    silent = data.train_x.abs().sum(0) == 0
    assert silent.sum() >= 2
    mask = pruning.wanda_masks(model, data.train_x[:256], 0.3)["hidden1"]
    assert not mask[:, silent].any()


def test_without_training_it_beats_lots_by_far() -> None:
    model, data = load_model("glyph_cnn"), glyphs(train=256, test=1000)

    def correct(masks: dict[str, Tensor]) -> float:
        return accuracy(pruning.masked(model, masks), data.test_x, data.test_y).value

    by_wanda = correct(pruning.wanda_masks(model, data.train_x, 0.5))
    assert by_wanda > correct(pruning.random_masks(model, 0.5, seed=0)) + 0.2


def test_no_or_bad_calibration_is_told() -> None:
    layer = nn.Linear(4, 2)
    with pytest.raises(ValueError, match="The calibration data is empty"):
        pruning.wanda_masks(layer, torch.empty(0, 4), 0.5)
    with pytest.raises(ValueError, match="The calibration data holds 4 NaN"):
        pruning.wanda_masks(layer, torch.full((1, 4), float("nan")), 0.5)


def test_layers_wanda_cannot_weigh_are_named() -> None:
    class Spare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    with pytest.raises(ValueError, match="never reaches spare"):
        pruning.wanda_masks(Spare(), torch.ones(1, 2), 0.5)
    for layer in (nn.Conv2d(2, 2, 1, groups=2), nn.Conv2d(2, 2, 1, padding_mode="reflect")):
        with pytest.raises(ValueError, match="0 is a Conv2d with groups or of another kind"):
            pruning.wanda_masks(nn.Sequential(layer), torch.ones(1, 2, 3, 3), 0.5)
    with pytest.raises(ValueError, match="padding 'same'"):
        pruning.wanda_masks(nn.Conv2d(2, 2, 1, padding="same"), torch.ones(1, 2, 3, 3), 0.5)
