"""The scan: one layer at a time, on a model whose delicate layer is known, and on torch's pruning."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from mlopt_lessons.pruning import scan
from mlopt_lessons.workbench import accuracy, glyphs_test, load_model


def test_the_layer_with_small_but_needed_weights_loses_most() -> None:
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.eye(4))  # 12 of 16 are 0 already
        model[1].weight.copy_(torch.ones(4, 4))
    wanted = model(torch.eye(4))

    def minus_error(candidate: nn.Module) -> float:
        return -(candidate(torch.eye(4)) - wanted).abs().sum().item()

    found = scan(model, minus_error, amounts=(0.5, 0.75))
    losses = {(each.name, each.amount): each.loss for each in found}
    assert list(losses) == [("0", 0.5), ("0", 0.75), ("1", 0.5), ("1", 0.75)]
    assert losses == {("0", 0.5): 0, ("0", 0.75): 0, ("1", 0.5): 8, ("1", 0.75): 12}
    assert all(each.score == -each.loss for each in found)


def test_it_scores_what_torch_s_pruning_scores() -> None:
    model, (x, y) = load_model("glyph_cnn"), glyphs_test(300, seed=3)

    def correct(candidate: nn.Module) -> float:
        return accuracy(candidate, x, y).value

    for each in scan(model, correct, amounts=(0.9,)):
        theirs = copy.deepcopy(model)
        prune.l1_unstructured(theirs.get_submodule(each.name), "weight", 0.9)
        assert each.score == correct(theirs)
        assert each.loss == pytest.approx(correct(model) - each.score)
