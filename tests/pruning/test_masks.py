"""Masks against torch.nn.utils.prune, against all patterns of a group, and against plain sorting."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import prune

from mlopt_lessons import pruning
from mlopt_lessons.pruning.masks import count_to_cut

AMOUNTS = st.floats(0, 1)
MASKS = {
    "magnitude": lambda weight, amount: pruning.magnitude_mask(weight, amount, "fc.weight"),
    "global": lambda weight, amount: pruning.global_masks({"fc.weight": weight}, amount),
    "random": lambda weight, amount: pruning.random_mask(weight, amount, 0, "fc.weight"),
    "wanda": lambda weight, amount: pruning.wanda_mask(
        weight, torch.ones(weight.shape[-1]), amount, "fc.weight"
    ),
}


@st.composite
def weights(draw: st.DrawFn) -> Tensor:
    """Weights of two or four dimensions; few distinct values, so that ties are common."""
    shape = draw(st.sampled_from([(5, 7), (1, 1), (40, 33), (6, 3, 3, 3), (64, 64)]))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    weight = torch.randn(shape, generator=generator)
    return weight.mul(2).round() if draw(st.booleans()) else weight


def layer_with(weight: Tensor) -> nn.Module:
    layer = nn.Module()
    layer.weight = nn.Parameter(weight.clone())
    return layer


@given(weights(), AMOUNTS)
@settings(deadline=None)
def test_magnitude_per_layer_is_torch_s_ties_included(weight: Tensor, amount: float) -> None:
    layer = prune.l1_unstructured(layer_with(weight), "weight", amount)
    assert torch.equal(pruning.magnitude_mask(weight, amount), layer.weight_mask.bool())


@given(st.lists(weights(), min_size=1, max_size=3), AMOUNTS)
@settings(deadline=None)
def test_magnitude_over_all_layers_is_torch_s_ties_included(
    many: list[Tensor], amount: float
) -> None:
    layers = [layer_with(weight) for weight in many]
    prune.global_unstructured(
        [(layer, "weight") for layer in layers], prune.L1Unstructured, amount=amount
    )
    ours = pruning.global_masks({str(i): weight for i, weight in enumerate(many)}, amount)
    for i, layer in enumerate(layers):
        assert torch.equal(ours[str(i)], layer.weight_mask.bool())


@given(weights(), AMOUNTS, st.integers(0, 2**31))
@settings(deadline=None)
def test_lots_cut_as_many_as_torch_s_and_fall_the_same_for_the_same_seed(
    weight: Tensor, amount: float, seed: int
) -> None:
    layer = prune.random_unstructured(layer_with(weight), "weight", amount)
    mask = pruning.random_mask(weight, amount, seed)
    assert mask.count_nonzero() == layer.weight_mask.count_nonzero()
    assert torch.equal(mask, pruning.random_mask(weight, amount, seed))


def test_lots_ignore_the_weights_and_cover_every_place() -> None:
    weight = torch.arange(1.0, 101).reshape(10, 10)
    masks = torch.stack([pruning.random_mask(weight, 0.3, seed) for seed in range(2_000)])
    kept = masks.double().mean(0)
    # 2,000 draws: six standard deviations of a share of 0.7 are 0.061.
    assert (kept - 0.7).abs().max() < 0.061


@given(st.integers(0, 10_000), st.sampled_from([(8, 16), (3, 4), (6, 8, 3, 3)]))
@settings(deadline=None)
def test_2_4_keeps_two_of_four_and_the_largest_sum_of_all_patterns(
    seed: int, shape: tuple[int, ...]
) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    mask = pruning.n_m_mask(weight)
    assert mask.shape == weight.shape
    sizes = np.abs(np.moveaxis(weight.numpy(), 1, -1)).reshape(-1, 4)
    kept = np.moveaxis(mask.numpy(), 1, -1).reshape(-1, 4)
    assert (kept.sum(1) == 2).all()
    best = np.max([sizes[:, pair].sum(1) for pair in map(list, combinations(range(4), 2))], axis=0)
    np.testing.assert_allclose((sizes * kept).sum(1), best, rtol=1e-6)


@given(st.integers(1, 8).flatmap(lambda of: st.tuples(st.integers(1, of), st.just(of))))
@settings(deadline=None)
def test_n_of_m_counts_are_exact_ties_included(pattern: tuple[int, int]) -> None:
    keep, of = pattern
    mask = pruning.n_m_mask(torch.ones(3, 5 * of), keep, of)
    assert (mask.reshape(-1, of).sum(1) == keep).all()


@given(st.integers(0, 10_000), AMOUNTS)
@settings(deadline=None)
def test_wanda_is_each_output_s_lowest_products_by_sorting(seed: int, amount: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(6, 11, generator=generator)
    norms = torch.rand(11, generator=generator)
    order = np.argsort(np.abs(weight.numpy()) * norms.numpy(), axis=1, kind="stable")
    expected = np.ones((6, 11), bool)
    np.put_along_axis(expected, order[:, : round(amount * 11)], False, axis=1)
    assert np.array_equal(pruning.wanda_mask(weight, norms, amount).numpy(), expected)


def test_wanda_cuts_a_large_weight_on_a_silent_input() -> None:
    weight = torch.tensor([[9.0, 0.1, 0.2, 0.3]])
    silent = torch.tensor([0.0, 5.0, 5.0, 5.0])
    assert pruning.wanda_mask(weight, silent, 0.25).tolist() == [[False, True, True, True]]
    assert pruning.magnitude_mask(weight, 0.25).tolist() == [[True, False, True, True]]


@given(st.integers(1, 10**9), AMOUNTS)
def test_counts_are_torch_s(size: int, amount: float) -> None:
    assert count_to_cut(size, amount) == prune._compute_nparams_toprune(amount, size)


def test_sparsity_and_emptied_layers_are_told() -> None:
    small, large = torch.full((2, 2), 0.1), torch.arange(1.0, 13).reshape(3, 4)
    masks = pruning.global_masks({"small": small, "large": large}, 0.25)
    assert pruning.sparsity(masks) == 0.25
    assert pruning.emptied(masks) == ["small"]


@pytest.mark.parametrize("method", MASKS)
@pytest.mark.parametrize("amount", [-0.1, 1.1, float("nan"), float("inf"), "half", True, None])
def test_an_amount_out_of_range_is_told(method: str, amount: object) -> None:
    with pytest.raises(ValueError, match="a number from 0 to 1; got"):
        MASKS[method](torch.ones(2, 4), amount)


@pytest.mark.parametrize("method", MASKS)
@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        (torch.tensor([[1.0, float("nan")]]), r"fc\.weight holds 1 NaN or infinite"),
        (torch.tensor([[float("inf"), float("-inf")]]), r"fc\.weight holds 2 NaN or infinite"),
        (torch.empty(0, 4), r"fc\.weight is empty"),
        (torch.ones(2, 2, dtype=torch.int8), r"fc\.weight is torch\.int8"),
    ],
)
def test_bad_weights_are_named(method: str, weight: Tensor, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        MASKS[method](weight, 0.5)


@pytest.mark.parametrize("shape", [(8,), (8, 3), (8, 6), (8, 1, 3, 3)])
def test_a_layer_too_small_for_2_4_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"conv has the shape .*: 2:4 needs"):
        pruning.n_m_mask(torch.ones(shape), name="conv")


@pytest.mark.parametrize(("keep", "of"), [(0, 4), (5, 4), (-1, 4)])
def test_an_impossible_pattern_is_told(keep: int, of: int) -> None:
    with pytest.raises(ValueError, match="1 ≤ N ≤ M"):
        pruning.n_m_mask(torch.ones(4, 4), keep, of)


@pytest.mark.parametrize(
    ("norms", "sentence"),
    [
        (torch.ones(3), "one norm for each input"),
        (torch.tensor([1.0, 1, 1, -1]), "negative"),
        (torch.tensor([1.0, 1, 1, float("nan")]), "input norms of fc hold"),
    ],
)
def test_norms_that_do_not_fit_are_told(norms: Tensor, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        pruning.wanda_mask(torch.ones(2, 4), norms, 0.5, "fc")


def test_nothing_to_prune_is_told() -> None:
    with pytest.raises(ValueError, match="no weights to prune"):
        pruning.global_masks({}, 0.5)
    with pytest.raises(ValueError, match="no masks"):
        pruning.sparsity({})
