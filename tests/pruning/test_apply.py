"""Masks on models against torch's own pruning, and held while an optimizer pulls at them."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from mlopt_lessons import pruning
from mlopt_lessons.pruning.apply import prepare
from mlopt_lessons.workbench import Dataset, accuracy, digits, load_model, make_permanent, train


def small_net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    model = small_net()
    train(model, digits(), epochs=12, seed=0, learning_rate=5e-3)
    return model


def correct(model: nn.Module, data: Dataset) -> float:
    return accuracy(model, data.test_x, data.test_y).value


@pytest.mark.parametrize("amount", [0.0, 0.3, 0.9])
def test_a_masked_model_answers_as_torch_s(amount: float) -> None:
    model, x = small_net(), digits().test_x
    theirs = copy.deepcopy(model)
    prune.global_unstructured(
        [(theirs[0], "weight"), (theirs[2], "weight")], prune.L1Unstructured, amount=amount
    )
    ours = pruning.masked(model, pruning.magnitude_masks(model, amount))
    assert torch.equal(ours(x), theirs(x))
    for name in ("0", "2"):
        prune.l1_unstructured(alone := copy.deepcopy(model)[int(name)], "weight", amount)
        layerwise = pruning.magnitude_masks(model, amount, together=False)
        assert torch.equal(layerwise[name], alone.weight_mask.bool())


def test_the_original_is_untouched_and_the_copy_holds_plain_weights() -> None:
    model = small_net()
    before = copy.deepcopy(model.state_dict())
    cut = pruning.masked(model, pruning.random_masks(model, 0.5, seed=3))
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert set(cut.state_dict()) == set(before)
    assert pruning.zeros(model) == 0
    assert pruning.zeros(cut) == 0.5


def test_fine_tuning_holds_the_mask_and_moves_the_rest(trained: nn.Module) -> None:
    masks = pruning.magnitude_masks(trained, 0.8)
    tuned = pruning.fine_tune(trained, masks, digits(), epochs=2, learning_rate=2e-3)
    for name, weight in pruning.weights_of(tuned).items():
        assert (weight[~masks[name]] == 0).all()
        assert (weight[masks[name]] != pruning.weights_of(trained)[name][masks[name]]).any()
    assert pruning.zeros(tuned) == pytest.approx(0.8, abs=1e-3)


def test_without_the_mask_training_brings_the_weights_back(trained: nn.Module) -> None:
    forgotten = pruning.masked(trained, pruning.magnitude_masks(trained, 0.8))
    train(forgotten, digits(), epochs=1, seed=0)
    assert pruning.zeros(forgotten) < 0.4


def test_gradients_of_cut_weights_are_zero() -> None:
    model = small_net()
    masks = pruning.magnitude_masks(model, 0.5)
    held = prepare(model, masks)
    held(torch.randn(5, 64, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    gradient = held[0].parametrizations.weight.original.grad
    assert (gradient[~masks["0"]] == 0).all()
    assert (gradient[masks["0"]] != 0).any()


def test_magnitude_beats_lots_and_fine_tuning_helps(trained: nn.Module) -> None:
    data = digits()
    by_size = pruning.magnitude_masks(trained, 0.85)
    by_lot = pruning.random_masks(trained, 0.85, seed=0)
    one_shot = correct(pruning.masked(trained, by_size), data)
    assert one_shot > correct(pruning.masked(trained, by_lot), data) + 0.1
    tuned = correct(pruning.fine_tune(trained, by_size, data, epochs=4, learning_rate=5e-3), data)
    assert tuned > one_shot + 0.02


def test_gradual_pruning_ends_at_the_amount_and_repeats(trained: nn.Module) -> None:
    def run() -> nn.Module:
        return pruning.gradually(
            trained, pruning.magnitude_masks, 0.9, digits(), rounds=3, learning_rate=5e-3
        )

    first, again = run(), run()
    assert pruning.zeros(first) == pytest.approx(0.9, abs=1e-3)
    assert torch.equal(first[0].weight, again[0].weight)


def test_the_same_seed_draws_the_same_lots_and_layers_differ() -> None:
    model = nn.Sequential(nn.Linear(20, 20), nn.Linear(20, 20))
    masks = pruning.random_masks(model, 0.5, seed=1)
    again = pruning.random_masks(model, 0.5, seed=1)
    assert torch.equal(masks["0"], again["0"])
    assert not torch.equal(masks["0"], masks["1"])


def test_convolutions_of_a_shipped_model_are_pruned_too() -> None:
    model = load_model("glyph_cnn")
    cut = pruning.masked(model, pruning.magnitude_masks(model, 0.7))
    assert pruning.zeros(cut) == pytest.approx(0.7, abs=1e-4)
    assert set(pruning.weights_of(cut)) == {"conv1", "conv2", "conv3", "hidden", "output"}


def all_kept(model: nn.Module) -> dict[str, Tensor]:
    return {
        name: torch.ones_like(w, dtype=torch.bool) for name, w in pruning.weights_of(model).items()
    }


def test_a_mask_that_does_not_fit_is_told() -> None:
    model = small_net()
    good = all_kept(model)
    with pytest.raises(ValueError, match="no layer 'fc'; choose from 0, 2"):
        pruning.masked(model, {"fc": good["0"]})
    with pytest.raises(ValueError, match="The mask of 0 is"):
        pruning.masked(model, {"0": good["0"].float()})
    with pytest.raises(
        ValueError, match=r"of shape \(10, 48\); it must be torch.bool of shape \(48, 64\)"
    ):
        pruning.masked(model, {"0": good["2"]})


def test_a_layer_with_nothing_left_is_told() -> None:
    model = small_net()
    with pytest.raises(ValueError, match="Nothing is left of 0"):
        pruning.masked(model, pruning.magnitude_masks(model, 1.0))


def test_a_tied_layer_is_told_and_counted_once() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    assert list(pruning.weights_of(model)) == ["0"]
    with pytest.raises(ValueError, match="0 shares its weight"):
        pruning.masked(model, pruning.magnitude_masks(model, 0.5))


def test_computed_weights_and_models_without_layers_are_told() -> None:
    model = small_net()
    with pytest.raises(ValueError, match="is computed from other tensors"):
        pruning.weights_of(prepare(model, all_kept(model)))
    with pytest.raises(ValueError, match="nothing to compress"):
        pruning.weights_of(nn.ReLU())


def test_making_permanent_leaves_an_unprepared_model_as_it_is() -> None:
    model = small_net()
    assert torch.equal(make_permanent(copy.deepcopy(model))[0].weight, model[0].weight)
