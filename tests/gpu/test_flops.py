"""Counted FLOPs against published GMACs and against counts by hand: 1 MAC = 2 FLOPs."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from mlopt_lessons.gpu.flops import FLOPS_PER_MAC, count_flops
from mlopt_lessons.gpu.networks import network

TIMM = Path(__file__).parents[3] / "shared/data/gpu/timm_infer_amp_5gpus.csv"
TIMM_NAMES = {
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "vgg16": "vgg16",
    "vit_b16": "vit_base_patch16_224",
    "vit_l16": "vit_large_patch16_224",
}
# GMACs at 224 × 224. torchvision (docs.pytorch.org/vision/stable/models.html, GFLOPS, which are GMACs
# there) for the convolutional ones; timm's results tables at huggingface/pytorch-image-models for ViT.
PUBLISHED_GMACS = {
    "resnet18": 1.81,
    "resnet34": 3.66,
    "resnet50": 4.09,
    "resnet101": 7.80,
    "resnet152": 11.51,
    "vgg16": 15.47,
    "vit_b16": 17.58,
    "vit_l16": 61.60,
}


def gmacs(name, size=224):
    return count_flops(network(name).on_meta(), (1, 3, size, size)) / FLOPS_PER_MAC / 1e9


def test_one_mac_is_two_flops():
    assert FLOPS_PER_MAC == 2
    assert count_flops(nn.Linear(300, 200), (7, 300)) == 2 * 7 * 300 * 200


@pytest.mark.parametrize("name", PUBLISHED_GMACS)
def test_networks_are_within_1_percent_of_the_literature(name):
    assert gmacs(name) == pytest.approx(PUBLISHED_GMACS[name], rel=0.01)


def test_networks_are_within_1_percent_of_timms_table():
    if not TIMM.exists():
        pytest.skip("The recorded timm table is not on this machine.")
    table = pd.read_csv(TIMM)
    compared = 0
    for mine, theirs in TIMM_NAMES.items():
        rows = table[(table["model"] == theirs) & (table["infer_gmacs"] > 1)]
        for size, published in zip(rows["infer_img_size"], rows["infer_gmacs"], strict=True):
            assert gmacs(mine, int(size)) == pytest.approx(published, rel=0.01), (mine, size)
            compared += 1
    assert compared >= 17


def test_bert_at_128_tokens_is_near_22_5_gflops():
    # Jiao et al. 2019, TinyBERT, arXiv:1909.10351, table 1: 22.5 B FLOPs for BERT-base.
    bert = network("bert_base")
    assert count_flops(bert.on_meta(), *bert.inputs(1, 128)) == pytest.approx(22.5e9, rel=0.01)


def test_a_language_model_takes_2_flops_a_weight_and_token():
    # Kaplan et al. 2020, arXiv:2001.08361, table 1: 2 N + 2 · layers · seq · width for a token, N without
    # embeddings, and here the tied head; masked products count too, which doubles the second term.
    gpt2 = network("gpt2")
    tokens, matrices = 1024, 12 * 12 * 768**2 + 50257 * 768
    expected = tokens * (2 * matrices + 4 * 12 * tokens * 768)
    assert count_flops(gpt2.on_meta(), *gpt2.inputs(1)) == expected


@pytest.mark.parametrize("training", [False, True])
def test_flops_grow_with_the_batch(training):
    model = network("resnet18").on_meta()
    two, eight = (count_flops(model, (n, 3, 64, 64), training=training) for n in (2, 8))
    assert eight == 4 * two


def test_backward_of_linear_layers_is_twice_forward_without_the_first_inputs_gradient():
    model = nn.Sequential(nn.Linear(30, 40), nn.ReLU(), nn.Linear(40, 50))
    first, second = 2 * 8 * 30 * 40, 2 * 8 * 40 * 50
    assert count_flops(model, (8, 30), training=True) == 2 * first + 3 * second


@pytest.mark.parametrize("groups", [1, 4, 16])
@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_backward_of_grouped_convolutions_is_counted_by_hand(groups, kind):
    model = nn.Sequential(nn.Conv2d(16, 16, 1), kind(16, 16, 3, stride=2, padding=1, groups=groups))
    places = 8 * 8 if kind is nn.Conv2d else 16 * 16  # of the output, or of the input
    first, second = 2 * 2 * 16 * 16 * 16 * 16, 2 * 2 * 16 * (16 // groups) * 9 * places
    assert count_flops(model, (2, 16, 16, 16)) == first + second
    assert count_flops(model, (2, 16, 16, 16), training=True) == 2 * first + 3 * second


def test_tensors_serve_as_inputs_and_the_model_stays_as_it_is():
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 3)).train()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    assert count_flops(model, torch.zeros(2, 5, dtype=torch.int64)) == 2 * 2 * 5 * 4 * 3
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())
    assert model.training
    assert all(each.grad is None for each in model.parameters())


def test_shared_weights_stay_shared_on_meta():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    assert count_flops(model, (1, 4)) == 2 * 2 * 16


class NeedsData(nn.Module):
    def forward(self, x):
        return x[x.sum(1) > 0]


class ReadsANumber(nn.Module):
    def forward(self, x):
        return x if x.sum().item() > 0 else -x


@pytest.mark.parametrize(
    ("model", "told"),
    [(NeedsData(), "aten.nonzero|aten.index"), (ReadsANumber(), "aten._local_scalar_dense")],
)
def test_a_model_that_needs_data_is_told_the_operation(model, told):
    with pytest.raises(ValueError, match=told) as raised:
        count_flops(model, (2, 3))
    assert "give its figures as a Spec" in str(raised.value)


@pytest.mark.parametrize(
    ("inputs", "error", "told"),
    [
        ([(0, 8)], ValueError, "1 or more, the batch too"),
        ([()], ValueError, "1 or more"),
        (["image"], TypeError, "a tensor or a shape"),
        ([(2, 9)], ValueError, "Check the shapes"),
        ([(2, 8), (2, 8)], ValueError, "Check the shapes"),
    ],
)
def test_inputs_that_cannot_be_are_refused(inputs, error, told):
    with pytest.raises(error, match=told):
        count_flops(nn.Linear(8, 8), *inputs)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"must be a torch.nn.Module, got str"):
        count_flops("resnet50", (1, 3, 224, 224))
