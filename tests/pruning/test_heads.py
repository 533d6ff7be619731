"""Heads and neurons that are gone: equal to the masked model, and cut as torch-pruning cuts."""

import copy

import pytest
import torch
import torch_pruning as tp
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.pruning.heads import head_norms, masked_heads, neuron_norms, remove_heads
from mlopt_lessons.workbench.language.model import CharGPT, Size

SIZE = Size(vocabulary=20, context=16, width=24, head_size=6, heads=(4, 4, 2), hidden=(32, 48, 16))


def gpt(seed: int = 0) -> CharGPT:
    model = CharGPT(SIZE, seed).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms start as constants
            lot = torch.Generator().manual_seed(seed)
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=lot, dtype=torch.double))
    return model


TOKENS = torch.randint(20, (3, 16), generator=torch.Generator().manual_seed(0))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 99), st.floats(0, 0.6), st.floats(0, 0.9))
def test_the_smaller_model_answers_as_the_masked_one(seed, heads, neurons):
    model = gpt(seed)
    pruned = remove_heads(model, heads, neurons)
    with torch.inference_mode():
        torch.testing.assert_close(
            pruned.model(TOKENS), masked_heads(model, pruned)(TOKENS), atol=1e-9, rtol=1e-9
        )


def test_counts_are_exact_and_the_original_is_untouched():
    model = gpt()
    before = copy.deepcopy(model.state_dict())
    small = remove_heads(model, 0.5, 0.75).model
    assert small.size.heads == (2, 2, 1)
    assert small.size.hidden == (8, 12, 4)
    assert small.size.width == model.size.width
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    whole = remove_heads(model, 0, 0)
    with torch.inference_mode():
        assert torch.equal(whole.model(TOKENS), model(TOKENS))


def test_torch_pruning_cuts_the_same_tensors():
    model = gpt(3)
    pruned = remove_heads(model, 0.5, 0.5)
    for theirs, ours, heads, neurons in zip(
        copy.deepcopy(model).blocks, pruned.model.blocks, pruned.heads, pruned.neurons, strict=True
    ):
        kept = {int(h) * 6 + i for h in heads for i in range(6)}
        gone = sorted(set(range(theirs.attention.out.in_features)) - kept)
        dropped = sorted(set(range(theirs.up.out_features)) - set(neurons.tolist()))
        for layer in (theirs.attention.query, theirs.attention.key, theirs.attention.value):
            tp.prune_linear_out_channels(layer, gone)
        tp.prune_linear_in_channels(theirs.attention.out, gone)
        tp.prune_linear_out_channels(theirs.up, dropped)
        tp.prune_linear_in_channels(theirs.down, dropped)
        for name, value in ours.state_dict().items():
            assert torch.equal(value, theirs.state_dict()[name]), name


def test_the_least_head_is_the_one_that_adds_least():
    model = gpt()
    attention = model.blocks[0].attention
    with torch.no_grad():
        attention.out.weight[:, 6:12] *= 1e-6  # head 1 is as good as gone
        model.blocks[1].up.weight[5] *= 1e-6
    assert int(head_norms(attention).argmin()) == 1
    assert int(neuron_norms(model.blocks[1]).argmin()) == 5
    pruned = remove_heads(model, 0.25, 0.03)
    assert pruned.heads[0].tolist() == [0, 2, 3]
    assert 5 not in pruned.neurons[1].tolist()


def test_head_norms_are_those_of_the_products():
    attention = gpt(1).blocks[0].attention
    for head in range(4):
        rows = slice(6 * head, 6 * head + 6)
        product = attention.out.weight[:, rows] @ attention.value.weight[rows]
        expected = torch.linalg.matrix_norm(product)
        torch.testing.assert_close(head_norms(attention)[head], expected)


def test_a_smaller_model_generates_with_its_cache():
    small = remove_heads(gpt(), 0.5, 0.5).model
    with torch.inference_mode():
        whole = small(TOKENS)
        first, cache = small.forward_cached(TOKENS[:, :9], small.empty_cache(3))
        rest, _ = small.forward_cached(TOKENS[:, 9:], tuple(cache))
    torch.testing.assert_close(torch.cat([first, rest], 1), whole)


@pytest.mark.parametrize(
    ("heads", "neurons", "says"),
    [
        (1.0, 0.5, "4 heads of layer 0 leaves none"),
        (0.5, 1.0, "32 neurons of layer 0 leaves none"),
        (-0.1, 0.5, "amount"),
        (0.5, float("nan"), "amount"),
    ],
)
def test_what_cannot_be_cut_gets_a_sentence(heads, neurons, says):
    with pytest.raises(ValueError, match=says):
        remove_heads(gpt(), heads, neurons)


def test_nan_is_named():
    model = gpt()
    with torch.no_grad():
        model.blocks[1].up.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"blocks\.1\.up\.weight"):
        remove_heads(model, 0.5, 0.5)
