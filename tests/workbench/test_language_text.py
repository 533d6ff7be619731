"""The corpus and training on it: the same split anywhere, what is left out, masks that hold."""

import hashlib
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrize

from mlopt_lessons.workbench.language import (
    CharGPT,
    Corpus,
    Size,
    fine_tune,
    load_corpus,
    load_gpt,
    quality,
    train_gpt,
    validation_windows,
)
from mlopt_lessons.workbench.language.text import for_validation, source_files, standard_library
from mlopt_lessons.workbench.language.train import Recipe

TINY = Size(width=16, head_size=8, heads=(1,), hidden=(16,))


def library(folder: Path, line_end: str = "\n") -> Path:
    for index in range(60):
        path = folder / f"package{index % 4}" / f"module{index}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"x = {index}{line_end}\ty = 'é'{line_end}".encode())
    return folder


def test_where_the_library_lies_and_how_lines_end_change_nothing(tmp_path: Path):
    here = load_corpus(library(tmp_path / "here"))
    there = load_corpus(library(tmp_path / "there" / "deep" / "lib", "\r\n"))
    assert here.sha256 == there.sha256
    assert (here.train_files, here.validation_files) == (there.train_files, there.validation_files)
    assert torch.equal(here.train, there.train)


@pytest.mark.parametrize("name", ["tests/x.py", "site-packages/a/x.py", "lib/idle_test/x.py",
                                  "encodings/x.py", "_sysconfigdata_linux.py", "x.txt",
                                  "__pycache__/x.py"])  # fmt: skip
def test_what_is_no_code_of_the_library_is_not_read(tmp_path: Path, name: str):
    before = load_corpus(library(tmp_path)).sha256
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("secret = 1\n")
    assert load_corpus(tmp_path).sha256 == before


def test_a_character_that_has_no_token_of_its_own_still_changes_the_hash(tmp_path: Path):
    before = load_corpus(library(tmp_path))
    path = tmp_path / "package0" / "module0.py"
    path.write_text(path.read_text(encoding="utf-8").replace("é", "è"), encoding="utf-8")
    after = load_corpus(tmp_path)
    assert after.characters == before.characters
    assert after.sha256 != before.sha256


@given(st.text(min_size=1))
def test_the_side_of_a_file_follows_from_its_path(name: str):
    assert for_validation(name) == (hashlib.sha256(name.encode()).hexdigest()[:2] < "1a")


def test_about_a_tenth_of_the_library_is_held_out():
    names = source_files(standard_library())
    assert names == sorted(names)
    assert 0.06 < sum(map(for_validation, names)) / len(names) < 0.16


@settings(max_examples=30)
@given(st.integers(130, 3000), st.integers(1, 40))
def test_windows_are_spread_from_the_first_character_to_the_last(length: int, count: int):
    found = validation_windows(torch.arange(length) % 97, count)
    assert found.shape == (count, 129)
    assert found[0, 0] == 0
    if count > 1:
        assert found[-1, -1] == (length - 1) % 97


def test_too_little_text_gets_a_sentence():
    short = torch.zeros(100, dtype=torch.uint8)
    corpus = Corpus(short, short, (), (), "3", "")
    with pytest.raises(ValueError, match="less than a window of 129"):
        fine_tune(CharGPT(TINY), corpus, steps=1, seed=0)
    with pytest.raises(ValueError, match="do not give 256 windows"):
        validation_windows(short)


class Half(nn.Module):
    """Keeps every second weight."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight * (torch.arange(weight.shape[1]) % 2)


def test_fine_tuning_holds_masks_and_learns():
    corpus, model = load_corpus(), CharGPT(TINY)
    layer = model.layers[0].up
    parametrize.register_parametrization(layer, "weight", Half())
    before = layer.weight.detach().clone()
    losses = fine_tune(model, corpus, steps=30, seed=0, learning_rate=1e-2, batch=4).losses
    assert losses[-1] < losses[0] - 0.5
    assert (layer.weight[:, ::2] == 0).all()
    assert not torch.equal(layer.weight, before)


def test_the_same_seed_trains_the_same_model():
    corpus = load_corpus()

    def trained(seed: int) -> torch.Tensor:
        model = CharGPT(TINY, seed)
        fine_tune(model, corpus, steps=2, seed=seed, batch=2)
        return model.output.weight

    assert torch.equal(trained(0), trained(0))
    assert not torch.equal(trained(0), trained(1))


def test_the_script_s_recipe_learns_in_thirty_steps():
    # The shipped recipe, cut short: from ln 97 = 4.57 nats, a guess, to about what frequencies give.
    model, progress = train_gpt(load_corpus(), Recipe(steps=30, batch=8), seed=1)
    assert progress.losses[0] == pytest.approx(4.57, abs=0.2)
    assert sum(progress.losses[-5:]) / 5 < 3.3
    assert not model.training


def test_fine_tuning_the_shipped_model_does_not_forget():
    corpus, model = load_corpus(), load_gpt()
    windows = validation_windows(corpus.validation, 32)
    before = quality(model, windows).loss
    fine_tune(model, corpus, steps=5, seed=0, learning_rate=1e-4, batch=4)
    assert quality(model, windows).loss < before + 0.05


def test_a_loss_that_explodes_is_told():
    with pytest.raises(ValueError, match="lower the learning rate"):
        fine_tune(CharGPT(TINY), load_corpus(), steps=20, seed=0, learning_rate=1e38, batch=2)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 20, 21])
def test_any_number_of_steps_can_be_trained(steps: int):
    text = torch.arange(500) % 97
    corpus = Corpus(text, text, (), (), "3", "")
    progress = fine_tune(CharGPT(TINY), corpus, steps=steps, seed=0, batch=2, context=16)
    assert len(progress.losses) == steps
