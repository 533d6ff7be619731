"""The tiny GPT against torch's own attention and encoder layer; its text, its score, its weights."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from mlopt_lessons.workbench.language.model import Attention, Block, CharGPT, Size, attend
from mlopt_lessons.workbench.language.score import Quality, quality, validation_windows
from mlopt_lessons.workbench.language.text import (
    VOCABULARY,
    CorpusError,
    decode,
    encode,
    for_validation,
    load_corpus,
)
from mlopt_lessons.workbench.language.train import fine_tune, gpt_card, load_gpt

SIZE = Size(vocabulary=20, context=16, width=24, head_size=6, heads=(4, 2), hidden=(32, 48))


def tokens(seed: int, batch: int = 2, time: int = 16) -> torch.Tensor:
    return torch.randint(20, (batch, time), generator=torch.Generator().manual_seed(seed))


def test_attention_is_torch_s():
    query, key, value = (torch.randn(2, 3, 7, 5) for _ in range(3))
    ours = attend(query, key, value, torch.ones(7, 7, dtype=torch.bool).tril())
    theirs = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(ours, theirs)


def copied(block: Block) -> nn.TransformerEncoderLayer:
    """torch's layer with the weights of a block of ours."""
    attention: Attention = block.attention
    theirs = nn.TransformerEncoderLayer(
        24, attention.heads, 48, dropout=0, activation="gelu", batch_first=True, norm_first=True
    )
    parts = (attention.query, attention.key, attention.value)
    state = {
        "self_attn.in_proj_weight": torch.cat([part.weight for part in parts]),
        "self_attn.in_proj_bias": torch.cat([part.bias for part in parts]),
        "self_attn.out_proj.weight": attention.out.weight,
        "self_attn.out_proj.bias": attention.out.bias,
    }
    pairs = {"linear1": block.up, "linear2": block.down, "norm1": block.norm1, "norm2": block.norm2}
    for name, part in pairs.items():
        state |= {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
    theirs.load_state_dict(state)
    return theirs.eval()


def test_a_block_is_torch_s_encoder_layer():
    torch.manual_seed(0)
    block = Block(24, heads=4, head_size=6, hidden=48).eval()
    x, seen = torch.randn(2, 9, 24), torch.ones(9, 9, dtype=torch.bool).tril()
    with torch.no_grad():
        theirs = copied(block)(x, src_mask=~seen)
        torch.testing.assert_close(block(x, seen, None)[0], theirs, atol=1e-5, rtol=1e-5)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 99), st.integers(0, 14))
def test_no_token_sees_a_later_one(seed, place):
    model, before = CharGPT(SIZE, seed).eval(), tokens(seed)
    after = before.clone()
    after[:, place + 1 :] = (after[:, place + 1 :] + 1) % 20
    with torch.inference_mode():
        first, second = model(before), model(after)
    assert torch.equal(first[:, : place + 1], second[:, : place + 1])
    assert not torch.equal(first[:, place + 1 :], second[:, place + 1 :])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 99), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_the_cache_changes_no_answer(seed, steps):
    model, all_tokens = CharGPT(SIZE, seed).eval(), tokens(seed)[:, : sum(steps)]
    parts = all_tokens.split([min(step, 16) for step in steps], dim=1) if sum(steps) <= 16 else None
    if parts is None:
        return
    cache, found = model.empty_cache(2), []
    with torch.inference_mode():
        for part in parts:
            logits, cache = model.forward_cached(part, cache)
            found.append(logits)
        torch.testing.assert_close(torch.cat(found, 1), model(all_tokens))


def test_more_tokens_than_the_context_get_a_sentence():
    model = CharGPT(SIZE)
    with pytest.raises(ValueError, match="keep the newest 16"):
        model(torch.zeros(1, 17, dtype=torch.int64))
    with pytest.raises(ValueError, match="at least 1"):
        Size(heads=(0, 4, 4, 4))
    with pytest.raises(ValueError, match="do not pair up"):
        Size(heads=(4, 4))


def test_quality_is_torch_s_cross_entropy():
    model, windows = CharGPT(SIZE, 1), torch.randint(20, (10, 17))
    found = quality(model, windows)
    with torch.inference_mode():
        logits = model(windows[:, :-1])
    loss = functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten()).item()
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.perplexity == pytest.approx(math.exp(loss), rel=1e-4)
    right = (logits.argmax(2) == windows[:, 1:]).sum().item()
    assert (found.accuracy.correct, found.accuracy.total) == (right, 160)
    assert found.as_good_as(found) == 1
    with pytest.raises(ValueError, match="same windows"):
        found.as_good_as(quality(model, windows[:4]))
    with pytest.raises(ValueError, match="NaN"):
        quality(lambda x: torch.full((*x.shape, 20), torch.nan).numpy(), windows)
    assert "perplexity" in str(Quality(found.loss, found.accuracy))


@pytest.fixture
def library(tmp_path):
    """A folder of made-up source files, and what must not be read."""
    for index in range(60):
        (tmp_path / f"module{index}.py").write_text(f"x = {index}\n")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_x.py").write_text("never read")
    return tmp_path


def test_no_file_is_on_both_sides_and_the_text_decides_the_hash(library):
    corpus = load_corpus(library)
    train, held = set(corpus.train_files), set(corpus.validation_files)
    assert train | held == {f"module{index}.py" for index in range(60)}
    assert not train & held
    assert all(for_validation(name) for name in held)
    assert corpus.characters == sum(len(f"x = {i}\n") for i in range(60))
    assert decode(corpus.validation).count("x = ") == len(held)
    (library / "module7.py").write_text("x = 8\n")
    assert load_corpus(library).sha256 != corpus.sha256


def test_a_python_without_its_source_gets_a_sentence(tmp_path):
    with pytest.raises(CorpusError, match="not an embedded or zipped one"):
        load_corpus(tmp_path)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_what_is_encoded_comes_back(text):
    assert decode(encode(text)) == text


def test_other_characters_become_one_token():
    assert encode("é\t\n").tolist() == [VOCABULARY - 1, *encode("    \n").tolist()]
    with pytest.raises(ValueError, match="Tokens are numbers"):
        decode(torch.tensor([VOCABULARY]))


def test_the_shipped_weights_reach_what_their_card_says():
    card = gpt_card()
    assert sum(p.numel() for p in load_gpt().parameters()) == card["weights"]
    found = quality(load_gpt(), validation_windows(load_corpus().validation))
    # Another version of Python has other text, so the loss may differ by some hundredths.
    assert found.loss == pytest.approx(card["validation_loss"], abs=0.1)
    assert found.loss < 1.35


def test_a_short_training_learns():
    model, corpus = CharGPT(Size(width=32, heads=(1,), hidden=(64,)), seed=0), load_corpus()
    progress = fine_tune(model, corpus, steps=40, seed=0, learning_rate=1e-2, batch=4, context=32)
    first, last = progress.losses[0], sum(progress.losses[-5:]) / 5
    assert first == pytest.approx(math.log(VOCABULARY), abs=0.2)  # it starts by guessing
    assert last < first - 1
    with pytest.raises(ValueError, match="steps and batch"):
        fine_tune(model, corpus, steps=0, seed=0)
