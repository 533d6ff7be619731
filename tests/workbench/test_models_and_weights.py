"""The shipped models reach what their card says, and a weights file that is wrong says so."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mlopt_lessons.workbench import (
    MODELS,
    WeightsError,
    WideMLP,
    accuracy,
    build,
    dataset_for,
    fold_batch_norm,
    load_card,
    load_model,
    load_weights,
    save_weights,
)
from mlopt_lessons.workbench.training import RECIPES, train, train_shipped

SLACK = {
    "mlp": 2,
    "glyph_cnn": 12,
    "depthwise_cnn": 12,
}  # images that another processor may round over


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_weights_reach_what_their_card_says(name: str) -> None:
    data, card = dataset_for(name), load_card()[name]
    score = accuracy(load_model(name), data.test_x, data.test_y)
    assert score.total == card["total"]
    assert abs(score.correct - card["correct"]) <= SLACK[name]
    assert sum(p.numel() for p in load_model(name).parameters()) == card["weights"]


def test_the_training_script_still_reaches_the_recorded_quality() -> None:
    recipe = RECIPES["mlp"]
    model, history = train_shipped(
        "mlp", seed=1, recipe=type(recipe)(5, recipe.learning_rate, 64, 1e-2)
    )
    data = dataset_for("mlp")
    assert accuracy(model, data.test_x, data.test_y).value > 0.95
    assert history.losses[-1] < history.losses[0] / 10


@pytest.mark.slow
@pytest.mark.parametrize("name", ["glyph_cnn", "depthwise_cnn"])
def test_the_glyph_models_can_be_trained_again(name: str) -> None:
    recipe = RECIPES[name]
    model, _ = train_shipped(name, seed=1, recipe=type(recipe)(3, recipe.learning_rate))
    data = dataset_for(name)
    assert accuracy(model, data.test_x, data.test_y).value > 0.8


def test_the_same_seed_trains_the_same_weights() -> None:
    def trained() -> torch.Tensor:
        model = build("mlp", seed=3)
        train(model, dataset_for("mlp"), epochs=1, seed=3)
        return model.output.weight

    assert torch.equal(trained(), trained())


def test_folding_batch_norm_changes_nothing_but_rounding() -> None:
    torch.manual_seed(0)
    model = build("depthwise_cnn").train()
    images = torch.rand(32, 1, 28, 28)
    for _ in range(3):
        model(images)
    before = model.eval()(images)
    folded = fold_batch_norm(model)
    assert torch.allclose(folded(images), before, atol=1e-5)
    assert not [m for m in folded.modules() if isinstance(m, torch.nn.BatchNorm2d)]


def test_an_unknown_model_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="mlp, glyph_cnn, depthwise_cnn"):
        build("resnet")


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    model = WideMLP(8)
    path = save_weights(model, tmp_path / "w.safetensors")
    other = load_weights(WideMLP(8), path)
    assert torch.equal(other.hidden2.weight, model.hidden2.weight)


def test_half_the_bytes_come_back_as_float32(tmp_path: Path) -> None:
    model = WideMLP(64)
    full = save_weights(model, tmp_path / "full.safetensors")
    half = save_weights(model, tmp_path / "half.safetensors", half=True)
    assert half.stat().st_size < 0.6 * full.stat().st_size
    other = load_weights(WideMLP(64), half)
    assert other.output.weight.dtype == torch.float32
    assert torch.equal(other.output.weight, model.output.weight.half().float())


def damaged(path: Path) -> Path:
    save_weights(WideMLP(8), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def text(path: Path) -> Path:
    path.write_text("these are no weights")
    return path


def foreign(path: Path) -> Path:
    save_file({"layer.weight": torch.zeros(2)}, path)
    return path


def other_shape(path: Path) -> Path:
    return save_weights(WideMLP(16), path)


def not_a_number(path: Path) -> Path:
    model = WideMLP(8)
    model.output.weight.data[0, 0] = torch.nan
    return save_weights(model, path)


def missing(path: Path) -> Path:
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (damaged, "damaged"),
        (text, "damaged or not a safetensors file"),
        (foreign, "not for WideMLP"),
        (other_shape, "shape"),
        (not_a_number, "NaN or Inf"),
        (missing, "no weights file"),
    ],
)
def test_a_wrong_file_says_so_and_the_model_keeps_its_weights(
    tmp_path: Path, make, words: str
) -> None:
    model = WideMLP(8)
    before = model.output.weight.clone()
    with pytest.raises(WeightsError, match=words):
        load_weights(model, make(tmp_path / "w.safetensors"))
    assert torch.equal(model.output.weight, before)


def test_training_for_no_epoch_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        train(WideMLP(8), dataset_for("mlp"), epochs=0, seed=0)


def test_a_loss_that_explodes_is_told() -> None:
    with pytest.raises(ValueError, match="lower the learning rate"):
        train(WideMLP(64), dataset_for("mlp"), epochs=2, seed=0, learning_rate=1e38)
