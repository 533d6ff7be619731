"""Memory, FLOPs and traffic of a step against sums by hand and published sizes."""

import json
import math
import subprocess
import sys
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mlopt_lessons.gpu.flops import count_flops
from mlopt_lessons.gpu.known import known_profiles
from mlopt_lessons.gpu.memory import PARTS, Line, Profile, demand, update_bytes
from mlopt_lessons.gpu.meta import cross_entropy
from mlopt_lessons.gpu.networks import NETWORKS, network
from mlopt_lessons.gpu.profiling import _profile_network, profile, record
from mlopt_lessons.gpu.saved import saved_bytes
from mlopt_lessons.gpu.spec import Spec
from mlopt_lessons.gpu.work import BYTES

NOTHING = {"context_bytes": 0, "allocator_part": 0}
SPEC = Spec("mine", parameters=1000, flops=500, activation_bytes=400, live_bytes=80)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "bert_base"])
@pytest.mark.parametrize("batch", [2, 8])
def test_the_line_meets_a_direct_count(name, batch):
    known, found = network(name), known_profiles()[name]
    given = known.inputs(batch)
    model = known.on_meta()
    counted = saved_bytes(model, *given, loss=known.loss)
    assert found.saved.at(batch) + found.saved_other.at(batch) == counted
    assert found.flops * batch == count_flops(model, *given)
    assert found.training_flops * batch == count_flops(
        model, *given, training=True, loss=known.loss
    )


@pytest.mark.parametrize("name", ["vgg16", "gpt2"])
def test_the_line_meets_a_direct_count_at_batch_1_too(name):
    known, found = network(name), known_profiles()[name]
    counted = saved_bytes(known.on_meta(), *known.inputs(1), loss=known.loss)
    assert found.saved.at(1) + found.saved_other.at(1) == counted


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "vit_b16", "bert_base"])
def test_the_recorded_profile_is_what_counting_gives(name):
    assert _profile_network(name, network(name).seq_len(None)) == known_profiles()[name]


def test_every_network_is_recorded_with_its_published_size():
    assert list(known_profiles()) == list(NETWORKS)
    for name, each in known_profiles().items():
        assert each.parameters == each.trained == network(name).parameters


def test_a_recording_is_read_again(tmp_path, monkeypatch):
    from mlopt_lessons.gpu import profiling

    monkeypatch.setattr(profiling, "NETWORKS", ["vgg16"])
    record(tmp_path / "profiles.json")
    assert json.loads((tmp_path / "profiles.json").read_text())[0]["parameters"] == 138_357_544


@pytest.mark.parametrize(
    ("optimizer", "precision", "bytes_each"),
    [
        ("adamw", "fp32", 16),  # 4 + 4 + 8
        ("adamw", "bf16", 16),  # 2 + 2 + 12, ZeRO's table
        ("adamw", "fp16", 16),
        ("adamw", "tf32", 16),
        ("sgd", "fp32", 8),
        ("sgd", "fp16", 8),  # 2 + 2 + 4
        ("sgd momentum", "fp32", 12),
        ("sgd momentum", "bf16", 12),
    ],
)
def test_bytes_a_parameter_are_the_standard_ones(optimizer, precision, bytes_each):
    found = demand("gpt2", 1, precision, True, optimizer)
    kept = sum(found.parts[part] for part in ("weights", "gradients", "optimizer"))
    assert kept == bytes_each * 124_439_808


def test_7_5_billion_parameters_take_120_gb_with_adam():
    # Rajbhandari et al. 2020, arXiv:1910.02054, figure 1: 120 GB for 7.5 B in mixed precision.
    spec = Spec("7.5 B", 7.5e9, 1e12, 1e9)
    parts = demand(spec, 1, "fp16").parts
    assert parts["weights"] + parts["gradients"] + parts["optimizer"] == 120e9


def test_the_states_are_those_that_torchs_optimizers_keep():
    model = nn.Linear(10, 7)
    kept = {}
    for name, optimizer in {
        "adamw": torch.optim.AdamW(model.parameters()),
        "sgd": torch.optim.SGD(model.parameters()),
        "sgd momentum": torch.optim.SGD(model.parameters(), momentum=0.9),
    }.items():
        model(torch.ones(1, 10)).sum().backward()
        optimizer.step()
        states = [value for state in optimizer.state.values() for value in state.values()]
        kept[name] = sum(each.nbytes for each in states if each is not None and each.dim())
    for name, counted in kept.items():
        found = demand(model, 1, "fp32", True, name, inputs=[(1, 10)])
        assert found.parts["optimizer"] == counted


def test_llamas_kv_cache_is_half_a_mib_a_token():
    # 2 · 32 layers · 32 heads · 128 · 2 bytes = 512 KiB a token; 2 GiB for 4,096 tokens.
    found = demand("llama_7b", 3, "fp16", training=False)
    assert found.parts["kv cache"] == 3 * 2048 * 512 * 1024
    assert demand("llama_7b", 1, "fp16", training=True).parts["kv cache"] == 0
    assert demand("resnet50", 1, "fp16", training=False).parts["kv cache"] == 0


def test_a_shorter_text_needs_less():
    long = demand("gpt2", 1, "fp16", training=False)
    short = demand("gpt2", 1, "fp16", training=False, seq_len=256)
    assert short.parts["kv cache"] == long.parts["kv cache"] / 4
    assert short.flops < long.flops / 4  # attention grows with the square
    assert demand("gpt2", 1, "fp16", training=False, seq_len=1024) == long


def test_inference_of_a_chain_holds_a_pair_of_activations():
    model = nn.Sequential(nn.Linear(10, 100), nn.ReLU(), nn.Linear(100, 5))
    found = demand(model, 6, training=False, inputs=[(1, 10)], **NOTHING)
    # The caller holds the input while ReLU reads 100 numbers and writes 100.
    assert found.parts["activations"] == 6 * 4 * (10 + 100 + 100)
    assert found.parts["weights"] == 4 * (10 * 100 + 100 + 100 * 5 + 5)
    assert found.parts["gradients"] == found.parts["optimizer"] == found.parts["overhead"] == 0


def test_traffic_of_linear_layers_is_counted_by_hand():
    model = nn.Sequential(nn.Linear(10, 100, bias=False), nn.ReLU(), nn.Linear(100, 5, bias=False))
    weights, batch = 10 * 100 + 100 * 5, 6
    forward = weights + batch * (10 + 100 + 100 + 5)
    found = demand(model, batch, training=False, inputs=[(1, 10)])
    assert found.traffic_bytes == 4 * forward
    # The inputs have no gradient, so that the first weights are read once only; gradients are written.
    moved = batch * ((10 + 100) + (100 + 5) + (100 + 5))
    backward = weights + 100 * 5 + moved
    trained = demand(model, batch, inputs=[(1, 10)], optimizer="sgd")
    assert trained.traffic_bytes == 4 * (forward + backward) + 12 * weights
    assert trained.flops == 2 * batch * (2 * 1000 + 3 * 500) + 2 * weights


def test_an_update_moves_what_it_reads_and_writes():
    assert update_bytes(4, "adamw") == 4 * (4 + 3)  # reads g, w, m, v; writes w, m, v
    assert update_bytes(4, "sgd") == 4 * 3
    assert update_bytes(2, "adamw") == 2 + 4 * 6 + 2  # 2-byte gradient and copy, fp32 master


def test_half_precision_halves_floats_and_leaves_indices():
    one, half = (demand("resnet50", 8, precision) for precision in ("fp32", "fp16"))
    other = known_profiles()["resnet50"].saved_other.at(8)
    assert half.parts["activations"] - other == (one.parts["activations"] - other) / 2
    # Max-pooling of 64 × 112 × 112 keeps 64 × 56 × 56 indices of 8 bytes; the loss keeps its target.
    assert other == 8 * (64 * 56 * 56 * 8 + 8)


def test_frozen_weights_have_no_gradient_and_no_state():
    model = nn.Sequential(nn.Linear(10, 100), nn.Linear(100, 5))
    model[0].requires_grad_(False)
    parts = demand(model, 1, inputs=[(1, 10)]).parts
    assert parts["gradients"] == 4 * 505
    assert parts["optimizer"] == 8 * 505
    assert parts["weights"] == 4 * (1100 + 505)


@given(
    name=st.sampled_from(list(NETWORKS)),
    batch=st.integers(1, 4096),
    precision=st.sampled_from(list(BYTES)),
    training=st.booleans(),
    optimizer=st.sampled_from(["adamw", "sgd", "sgd momentum"]),
)
def test_parts_sum_to_memory_and_more_needs_more(name, batch, precision, training, optimizer):
    training = training and precision in ("fp32", "tf32", "fp16", "bf16")
    found, more = (demand(name, n, precision, training, optimizer) for n in (batch, batch + 1))
    assert tuple(found.parts) == PARTS
    assert math.isclose(sum(found.parts.values()), found.memory_bytes)
    assert all(value >= 0 for value in found.parts.values())
    assert found.memory_bytes < more.memory_bytes
    assert found.flops < more.flops
    assert found.traffic_bytes < more.traffic_bytes
    assert math.isclose(found.intensity, found.flops / found.traffic_bytes)


def test_overhead_is_a_context_and_a_part_of_the_tensors():
    bare = demand("vgg16", 4, **NOTHING)
    found = demand("vgg16", 4, context_bytes=5e8, allocator_part=0.25)
    assert found.memory_bytes == pytest.approx(5e8 + 1.25 * bare.memory_bytes)


@pytest.mark.timing
def test_a_thousand_moves_of_a_slider_take_less_than_a_second():
    start = time.perf_counter()
    for batch in range(1, 1001):
        known_profiles()["resnet50"].demand(batch, "bf16")
    assert time.perf_counter() - start < 1


def test_a_network_by_name_needs_no_torch():
    code = (
        "import sys; from mlopt_lessons.gpu.memory import demand; demand('resnet50', 8);"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("resnet50", 0), "whole number of 1 or more, not 0"),
        (("resnet50", True), "whole number"),
        (("resnet50", 1.5), "whole number"),
        (("resnet5", 1), "no network 'resnet5'; choose one of resnet"),
        (("resnet50", 1, "FP16 "), "no precision 'FP16 '; choose one of fp16"),
        (("resnet50", 1, "fp64"), "no precision 'fp64'; choose one of fp"),
        (("resnet50", 1, "int8"), "int8 is for inference here"),
        (("resnet50", 1, "fp32", True, "adam"), "no optimizer 'adam'; choose one of adamw"),
        ((nn.Linear(3, 3), 1), "needs its inputs"),
    ],
)
def test_what_cannot_be_is_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        demand(*arguments)


@pytest.mark.parametrize("overhead", [{"context_bytes": -1}, {"allocator_part": math.nan}])
def test_an_overhead_that_cannot_be_is_refused(overhead):
    with pytest.raises(ValueError, match="must be 0 or more"):
        demand("vgg16", 1, **overhead)


def test_a_name_brings_its_inputs():
    with pytest.raises(TypeError, match="leave them out"):
        profile("vgg16", (1, 3, 224, 224))
    with pytest.raises(TypeError, match="leave them out"):
        profile("vgg16", loss=cross_entropy)


def test_a_spec_is_worked_out_by_hand():
    found = demand(SPEC, 10, **NOTHING)
    assert found.memory_bytes == 16 * 1000 + 400 * 10
    assert found.flops == 3 * 500 * 10 + 14 * 1000
    assert found.traffic_bytes == 4000 * 3 + 3 * 800 * 10 + 28 * 1000
    served = demand(SPEC, 10, "int8", training=False, **NOTHING)
    assert served.memory_bytes == 1000 + 80 * 10 / 4
    assert served.flops == 500 * 10
    assert served.traffic_bytes == (4000 + 800 * 10) / 4


def test_a_profile_serves_as_it_is():
    flat = Line(0, 4)
    mine = Profile("flat", 10, 10, 1, 3, flat, Line(0, 0), flat, flat, flat)
    assert demand(mine, 2, **NOTHING) == mine.demand(2, **NOTHING)
    assert mine.demand(2, **NOTHING).memory_bytes == 160 + 8
