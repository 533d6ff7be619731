"""The recorded table: complete, true to closed forms, and reached again where that is quick."""

import pytest
import torch

from mlopt_lessons.pruning.apply import weights_of
from mlopt_lessons.pruning.structured import remove_outputs
from mlopt_lessons.pruning.sweep import (
    SWEPT_AMOUNTS,
    SWEPT_MODELS,
    Setting,
    SweepPoint,
    make,
    measure,
    outputs_for,
    recorded,
    recorded_on,
    settings,
)
from mlopt_lessons.workbench import WideMLP, digits, load_card, load_model

WEIGHTS = {"mlp": 64 * 2048 + 2048 * 2048 + 2048 * 10}
MASKED = [
    point
    for point in recorded().values()
    if point.setting.method not in ("removed", "from scratch")
]


def test_every_setting_of_both_models_is_there_once() -> None:
    assert set(recorded()) == {(name, each) for name in SWEPT_MODELS for each in settings()}
    assert recorded_on().startswith("20")


@pytest.mark.parametrize("name", SWEPT_MODELS)
def test_nothing_cut_is_the_shipped_model(name: str) -> None:
    point = recorded()[name, Setting("global", 0.0, tuned=False)]
    assert point.accuracy.correct == pytest.approx(load_card()[name]["correct"], abs=3)


@pytest.mark.parametrize(
    "point", MASKED, ids=lambda p: f"{p.model} {p.setting.method} {p.setting.amount}"
)
def test_masks_leave_what_the_amount_says_and_a_dense_file_stays_as_large(
    point: SweepPoint,
) -> None:
    whole = recorded()[point.model, Setting("global", 0.0, tuned=False)]
    assert point.bytes["dense"] == whole.bytes["dense"]
    left = (1 - point.setting.amount) * whole.weights_left
    assert point.weights_left == pytest.approx(left, rel=0.03)  # rows are cut by whole numbers
    values = 4 * point.weights_left
    assert point.bytes["bitmask"] == pytest.approx(values + whole.weights_left / 8, rel=0.05)


def test_removed_weights_leave_the_dense_file() -> None:
    sizes = [
        recorded()["mlp", Setting("removed", amount, tuned=True)].bytes["dense"]
        for amount in SWEPT_AMOUNTS
    ]
    for amount, size in zip(SWEPT_AMOUNTS, sizes, strict=True):
        assert size == pytest.approx((1 - amount) * 4 * WEIGHTS["mlp"], rel=0.04)


@pytest.mark.parametrize(
    "setting",
    [
        Setting("global", 0.7, tuned=True),
        Setting("Wanda", 0.5, tuned=False),
        Setting("random", 0.3, tuned=False),
        Setting("removed", 0.7, tuned=True),
    ],
    ids=lambda each: each.method,
)
def test_a_recorded_point_is_reached_again(setting: Setting) -> None:
    before, again = recorded()["mlp", setting], measure("mlp", setting)
    assert again.accuracy.correct == pytest.approx(
        before.accuracy.correct, abs=6
    )  # other processors
    assert again.weights_left == pytest.approx(before.weights_left, rel=1e-3)
    assert again.bytes["dense"] == before.bytes["dense"]


def test_the_outputs_to_remove_are_found_for_an_amount() -> None:
    model = load_model("mlp")
    part = outputs_for(model, 0.7)
    left = sum(w.numel() for w in weights_of(remove_outputs(model, part).model).values())
    assert left == pytest.approx(0.3 * WEIGHTS["mlp"], rel=0.02)
    # hidden2 dominates and loses rows and columns: (1 − part)² is about what stays.
    assert (1 - part) ** 2 == pytest.approx(0.3, abs=0.02)
    assert outputs_for(model, 0) == 0


def test_from_scratch_is_the_small_shape_with_other_weights() -> None:
    data, model = digits(), WideMLP(32)
    small = remove_outputs(model, outputs_for(model, 0.5)).model
    scratch = make("mlp", model, Setting("from scratch", 0.5, tuned=True), data)
    shapes = [tuple(w.shape) for w in weights_of(scratch).values()]
    assert shapes == [tuple(w.shape) for w in weights_of(small).values()]
    assert not torch.equal(weights_of(scratch)["hidden1"], weights_of(small)["hidden1"])
