"""The networks have the sizes that were published for them, and building them takes nothing."""

import time
import tracemalloc

import pytest
import torch
from torch import nn

from mlopt_lessons.gpu.networks import NETWORKS, network
from mlopt_lessons.gpu.networks_transformer import Attention, Bert, Gpt2, Llama, rotate, rotations
from mlopt_lessons.gpu.networks_vision import mobilenet_v2, resnet

# torchvision's num_params for the image networks; counted in the published weights for the others.
PUBLISHED = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "vgg16": 138_357_544,
    "mobilenet_v2": 3_504_872,
    "vit_b16": 86_567_656,
    "vit_l16": 304_326_632,
    "bert_base": 109_482_240,
    "gpt2": 124_439_808,
    "gpt2_xl": 1_557_611_200,
    "llama_7b": 6_738_415_616,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_are_the_published_count(name):
    model = network(name).on_meta()
    assert sum(each.numel() for each in model.parameters()) == PUBLISHED[name]
    assert network(name).parameters == PUBLISHED[name]
    assert all(each.is_meta for each in model.state_dict().values())


def test_7_billion_weights_take_no_memory():
    tracemalloc.start()
    start = time.perf_counter()
    network("llama_7b").on_meta()
    took, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    assert took < 30  # no promise of a time; a copy of 27 GB would take longer


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_image_networks_run_on_real_tensors(name):
    model = network(name).build().eval()
    with torch.no_grad():
        assert model(torch.rand(1, 3, 64, 64)).shape == (1, 1000)


def test_strides_shrink_an_image_of_224_to_7():
    for model in (resnet((1, 1, 1, 1), True), mobilenet_v2()):
        with torch.device("meta"):
            seen = []
            pool = next(each for each in model if isinstance(each, nn.AdaptiveAvgPool2d))
            pool.register_forward_pre_hook(
                lambda _, given, seen=seen: seen.append(given[0].shape[-2:])
            )
            model.to("meta")(torch.empty(1, 3, 224, 224))
        assert seen == [(7, 7)]


def test_attention_agrees_with_torchs_own():
    torch.manual_seed(0)
    mine, torchs = Attention(32, 4, causal=False), nn.MultiheadAttention(32, 4, batch_first=True)
    mine.qkv.weight.data, mine.qkv.bias.data = torchs.in_proj_weight.data, torchs.in_proj_bias.data
    mine.out.weight.data, mine.out.bias.data = (
        torchs.out_proj.weight.data,
        torchs.out_proj.bias.data,
    )
    x = torch.randn(2, 7, 32)
    assert torch.allclose(mine(x), torchs(x, x, x, need_weights=False)[0], atol=1e-5)


@pytest.mark.parametrize(
    "model", [Gpt2(32, 2, 4, vocab=50), Llama(32, 2, 4, 2, 48, vocab=50)], ids=["gpt2", "llama"]
)
def test_a_language_model_does_not_look_ahead(model):
    tokens = torch.randint(0, 50, (1, 9), generator=torch.Generator().manual_seed(0))
    changed = tokens.clone()
    changed[0, 6:] = (tokens[0, 6:] + 1) % 50
    with torch.no_grad():
        first, second = model.eval()(tokens), model(changed)
    assert torch.allclose(first[0, :6], second[0, :6], atol=1e-5)
    assert not torch.allclose(first[0, 6:], second[0, 6:], atol=1e-5)


def test_bert_looks_at_the_whole_sentence():
    model = Bert(32, 2, 4, vocab=50).eval()
    tokens = torch.arange(9)[None]
    with torch.no_grad():
        assert not torch.allclose(model(tokens), model(tokens.flip(1)), atol=1e-5)


def test_rotary_products_depend_on_distance_only():
    turns = rotations(12, 8, torch.device("cpu"))
    query, key = (torch.randn(8).expand(1, 1, 12, 8) for _ in range(2))
    products = rotate(query, turns)[0, 0] @ rotate(key, turns)[0, 0].T
    for offset in range(-11, 12):
        diagonal = products.diagonal(offset)
        assert torch.allclose(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4)


def test_an_unknown_network_is_told_the_nearest():
    with pytest.raises(ValueError, match=r"no network 'ResNet-50'; choose one of resnet"):
        network("ResNet-50")


@pytest.mark.parametrize(
    ("name", "seq_len", "told"),
    [
        ("gpt2", 1025, "from 1 to 1024, not 1025"),
        ("gpt2", 0, "from 1 to 1024, not 0"),
        ("bert_base", 12.5, "from 1 to 512, not 12.5"),
        ("resnet18", 128, "takes images"),
    ],
)
def test_a_length_that_cannot_be_is_refused(name, seq_len, told):
    with pytest.raises(ValueError, match=told):
        network(name).inputs(1, seq_len)
