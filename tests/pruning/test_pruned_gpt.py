"""The shipped pruned GPTs: cut as they say, and as good as their card notes."""

import pytest
import torch

from mlopt_lessons.pruning import cut_gpt, pruned_gpt, pruned_gpt_card
from mlopt_lessons.pruning import gpt as pruned
from mlopt_lessons.pruning.apply import zeros
from mlopt_lessons.workbench import weighted_layers
from mlopt_lessons.workbench.language import (
    CharGPT,
    Corpus,
    Size,
    gpt_card,
    load_corpus,
    load_gpt,
    quality,
    validation_windows,
)

FORMS = ("zeroed", "removed")


def count(model: torch.nn.Module) -> int:
    return sum(int((p != 0).sum()) for p in model.parameters())


@pytest.mark.parametrize("form", FORMS)
def test_seventy_percent_of_all_weights_are_gone(form: str):
    whole = gpt_card()["weights"]
    for model in (cut_gpt(form), pruned_gpt(form)):
        assert 1 - count(model) / whole == pytest.approx(0.7, abs=0.005)


def test_zeroed_keeps_its_shape_and_the_mask_of_the_smallest():
    dense, cut, tuned = load_gpt(), cut_gpt("zeroed"), pruned_gpt("zeroed")
    assert tuned.size == dense.size
    for name, layer in weighted_layers(dense).items():
        held = tuned.get_submodule(name).weight == 0
        assert torch.equal(held, cut.get_submodule(name).weight == 0)
        size = layer.weight.detach().abs()
        assert size[held].max() <= size[~held].min()
    assert zeros(tuned) == pytest.approx(pruned.ZEROED, abs=1e-4)


def test_removed_has_fewer_heads_and_neurons():
    size = pruned_gpt("removed").size
    assert size.heads == (2, 2, 2, 2)
    assert set(size.hidden) == {512 - round(0.86 * 512)}
    assert size == cut_gpt("removed").size


@pytest.mark.parametrize("form", FORMS)
def test_the_shipped_weights_reach_what_their_card_says(form: str):
    noted = pruned_gpt_card()["reached"][form]
    windows = validation_windows(load_corpus().validation)
    found = quality(pruned_gpt(form), windows)
    # Another version of Python has other text, so the score may differ by some hundredths.
    assert found.accuracy.value == pytest.approx(noted["correct"] / noted["total"], abs=0.03)
    assert found.accuracy.value > quality(cut_gpt(form), windows).accuracy.value + 0.1


def test_the_script_writes_what_is_read_back(tmp_path, monkeypatch):
    small = CharGPT(Size(width=32, heads=(2, 2), hidden=(64, 64), head_size=8), seed=0)
    corpus = load_corpus()
    short = Corpus(**{**vars(corpus), "train": corpus.train[:20_000]})
    monkeypatch.setattr(pruned, "load_gpt", lambda: small)
    monkeypatch.setattr(pruned, "load_corpus", lambda: short)
    monkeypatch.setattr(pruned, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(pruned, "CARD_FILE", tmp_path / "weights" / "card.json")
    card = pruned.ship(steps=2, seed=1)
    assert pruned_gpt_card() == card
    assert set(card["reached"]) == {*FORMS, "dense"}
    windows = validation_windows(corpus.validation)
    for form in FORMS:
        found = quality(pruned_gpt(form), windows)
        assert found.accuracy.correct == card["reached"][form]["correct"]


def test_another_form_gets_a_sentence():
    for make in (cut_gpt, pruned_gpt):
        with pytest.raises(ValueError, match="'zeroed' or as 'removed', not as 'halved'"):
            make("halved")
