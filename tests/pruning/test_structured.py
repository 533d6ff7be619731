"""Smaller layers against torch-pruning's on the same outputs, and against the masked dense model."""

import copy

import pytest
import torch
import torch_pruning
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from mlopt_lessons import pruning
from mlopt_lessons.pruning.structured import masked_outputs, norms
from mlopt_lessons.pruning.wiring import WiringError, wiring
from mlopt_lessons.workbench import load_model


class Branches(nn.Module):
    """A residual addition, and a layer whose outputs are taken twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(8, 12)
        self.inner = nn.Linear(12, 20)
        self.back = nn.Linear(20, 12)
        self.left = nn.Linear(20, 3)
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        wide = torch.relu(self.inner(x))
        return self.head(x + self.back(wide)) + self.left(wide)


class Undecided(nn.Module):
    """A forward that depends on its input's values."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x) if x.sum() > 0 else x


def cnn() -> nn.Sequential:
    """Batch normalisation, a depthwise convolution and a flattening between the layers."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 8, 3, groups=8), nn.GELU(), nn.Conv2d(8, 6, 1), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(24, 10), nn.BatchNorm1d(10), nn.Dropout(), nn.SiLU(), nn.Linear(10, 4),
    ).eval()  # fmt: skip
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            for tensor in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                nn.init.uniform_(tensor, 0.5, 1.5)
    return model


def case(name: str) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    if name == "cnn":
        return cnn(), torch.randn(5, 3, 8, 8)
    if name == "branches":
        return Branches().eval(), torch.randn(5, 8)
    return load_model(name), torch.randn(5, 64) if name == "mlp" else torch.randn(5, 1, 28, 28)


def weight_count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


CASES = ["cnn", "branches", "mlp", "glyph_cnn", "depthwise_cnn"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("amount", [0.25, 0.5, 0.8])
def test_shapes_and_answers_are_torch_pruning_s(name: str, amount: float) -> None:
    model, x = case(name)
    ours = pruning.remove_outputs(model, amount)
    theirs = copy.deepcopy(model)
    for layer, kept in ours.kept.items():
        graph = torch_pruning.DependencyGraph().build_dependency(theirs, example_inputs=x)
        module = theirs.get_submodule(layer)
        linear = isinstance(module, nn.Linear)
        cut = (
            torch_pruning.prune_linear_out_channels
            if linear
            else torch_pruning.prune_conv_out_channels
        )
        gone = sorted(set(range(len(module.weight))) - set(kept.tolist()))
        graph.get_pruning_group(module, cut, idxs=gone).prune()
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    assert {name: value.shape for name, value in ours.model.state_dict().items()} == shapes
    torch.testing.assert_close(ours.model(x), theirs(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
@settings(deadline=None, max_examples=10)
@given(amount=st.floats(0, 0.9))
def test_it_answers_as_the_masked_dense_model(name: str, amount: float) -> None:
    single, x = case(name)
    model, x = single.double(), x.double()  # float32's sums differ by 2e-7 of answers near 75
    made = pruning.remove_outputs(model, amount)
    dense = masked_outputs(model, made.kept, wiring(model))
    assert weight_count(dense) == weight_count(model)
    torch.testing.assert_close(made.model(x), dense(x), rtol=0, atol=1e-9)


def test_the_outputs_of_least_norm_go() -> None:
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[3.0, 4], [0, 1], [6, 8], [0, 2]]))
    assert norms(model[0].weight).tolist() == [5, 1, 10, 2]
    made = pruning.remove_outputs(model, 0.5)
    assert made.kept["0"].tolist() == [0, 2]
    assert torch.equal(made.model[0].weight, model[0].weight[[0, 2]])
    assert torch.equal(made.model[0].bias, model[0].bias[[0, 2]])
    assert torch.equal(made.model[2].weight, model[2].weight[:, [0, 2]])
    assert (made.model[0].out_features, made.model[2].in_features) == (2, 2)


def test_half_of_the_outputs_is_three_quarters_of_the_weights() -> None:
    model = load_model("mlp")
    made = pruning.remove_outputs(model, 0.5)
    # 64 × 1024 + 1024, 1024 × 1024 + 1024, 1024 × 10 + 10
    assert weight_count(made.model) == 1_126_410
    assert 1 - weight_count(made.model) / weight_count(model) == pytest.approx(0.741, abs=1e-3)


def test_the_original_is_untouched_and_the_copy_trains() -> None:
    model, x = case("cnn")
    before = copy.deepcopy(model.state_dict())
    made = pruning.remove_outputs(model, 0.5).model.train()
    made(x).square().sum().backward()
    assert all(parameter.grad is not None for parameter in made.parameters())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_each_layer_may_have_its_own_amount() -> None:
    made = pruning.remove_outputs(case("cnn")[0], {"5": 0.5})
    assert list(made.kept) == ["5"]
    assert made.model[5].out_channels == 3
    assert made.model[8].in_features == 12
    assert made.model[0].out_channels == 8


def test_what_must_stay_is_named_with_its_reason() -> None:
    fixed = wiring(Branches()).fixed
    assert fixed["stem"] == "its outputs go through add"
    assert fixed["back"] == "its outputs go through add"
    assert fixed["head"] == "its outputs go through add"
    assert wiring(Branches()).links["inner"].consumers == {"back": 1, "left": 1}


@pytest.mark.parametrize(
    ("layers", "name", "reason"),
    [
        ([nn.Linear(4, 4), nn.Sigmoid(), nn.Linear(4, 2)], "0", "go through Sigmoid"),
        ([nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2)], "0", "go through LayerNorm"),
        ([nn.Conv2d(2, 4, 1), nn.Conv2d(4, 4, 1, groups=2)], "0", "1 takes its outputs in groups"),
        ([nn.Conv2d(4, 4, 1, groups=2), nn.Conv2d(4, 4, 1)], "0", "grouped convolution"),
        ([nn.Conv2d(2, 4, 1), nn.Linear(4, 2)], "0", "1 does not take its outputs channel by channel"),
        ([nn.Conv2d(2, 4, 1), nn.Flatten(2), nn.Linear(4, 2)], "0", "flattened with other"),
        ([nn.Conv2d(2, 4, 1), nn.Flatten(1, 2), nn.Linear(4, 2)], "0", "flattened with other"),
        ([nn.Linear(4, 4), nn.Flatten(), nn.Linear(12, 2)], "0", "2 takes its outputs in another order"),
        ([nn.Conv2d(2, 4, 1), nn.Flatten(), nn.BatchNorm1d(16), nn.Linear(16, 2)], "0", "2 takes its"),
        ([nn.Linear(4, 4)], "0", "the model's answers"),
    ],
)  # fmt: skip
def test_reasons(layers: list[nn.Module], name: str, reason: str) -> None:
    assert reason in wiring(nn.Sequential(*layers)).fixed[name]


def test_layers_that_are_shared_stay() -> None:
    twice = nn.Linear(4, 4)
    found = wiring(nn.Sequential(nn.Linear(4, 4), twice, nn.ReLU(), twice, nn.Linear(4, 1)))
    assert found.fixed["1"] == "it is called more than once"
    assert "1, which takes its outputs, is called more than once" in found.fixed["0"]
    tied = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1))
    tied[1].weight = tied[0].weight
    assert (
        wiring(tied).fixed["0"]
        == wiring(tied).fixed["1"]
        == "it shares its weight with another layer"
    )


def test_a_layer_that_is_never_called_stays() -> None:
    class Spare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    assert wiring(Spare()).fixed["spare"] == "it is not called"


def test_a_model_that_cannot_be_traced_is_told() -> None:
    with pytest.raises(WiringError, match=r"Undecided cannot be traced .* depends on values"):
        pruning.remove_outputs(Undecided(), 0.5)


@pytest.mark.parametrize("amount", [-0.1, 1.5, float("nan"), "half"])
def test_an_amount_out_of_range_is_told(amount: object) -> None:
    with pytest.raises(ValueError, match="a number from 0 to 1; got"):
        pruning.remove_outputs(case("cnn")[0], amount)


def test_nothing_left_and_bad_weights_are_told() -> None:
    model, _ = case("cnn")
    with pytest.raises(ValueError, match="of the 8 outputs of 0 leaves none"):
        pruning.remove_outputs(model, 1.0)
    with torch.no_grad():
        model[5].weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="5 holds 1 NaN"):
        pruning.remove_outputs(model, 0.5)


def test_layers_that_cannot_be_cut_are_told() -> None:
    with pytest.raises(
        ValueError, match="outputs of head cannot be removed: its outputs go through add"
    ):
        pruning.remove_outputs(Branches(), {"head": 0.5})
    with pytest.raises(ValueError, match="no such layer; choose from inner"):
        pruning.remove_outputs(Branches(), {"tail": 0.5})
    with pytest.raises(ValueError, match="No layer's outputs can be removed"):
        pruning.remove_outputs(nn.Linear(4, 4), 0.5)
