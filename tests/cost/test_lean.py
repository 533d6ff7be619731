"""Claim cost-1: the naive and the lean training reach the same, and the lean one is far cheaper."""

import time
from dataclasses import asdict, replace

import pytest
import torch
from scipy.stats import binomtest

from mlopt_lessons.cost import lean
from mlopt_lessons.cost.lean import LEAN, NAIVE, WASTES, Comparison, Recipe, Trained, compare, train
from mlopt_lessons.workbench import Accuracy, Dataset, digits

SHORT = replace(LEAN, epochs=3)
FEWER = replace(NAIVE, epochs=12)


def trained(correct: int, dollars: float) -> Trained:
    return Trained(LEAN, Accuracy(correct, 540), 10, 1.0, 1.0, dollars, 1e-6)


@pytest.fixture(scope="module")
def pair() -> Comparison:
    """One repeat with 12 naive epochs for 40: the accuracy is there, a third of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lean, "NAIVE", FEWER)
        return compare(seed=0, repeats=1)


@pytest.mark.timing
@pytest.mark.slow
def test_claim_cost_1_in_full():
    result = compare(seed=0, repeats=1)
    assert result.same_accuracy
    assert result.ratio[1] > 5  # 13 to 62 on two cores, other work beside it or not


@pytest.mark.timing
def test_the_same_model_is_several_times_cheaper_without_waste(pair):
    assert pair.same_accuracy
    assert pair.ratio[0] > 2
    assert "times cheaper" in str(pair)
    assert pair.naive[0].epochs == FEWER.epochs
    assert pair.lean[0].epochs < LEAN.epochs


def test_dollars_are_the_seconds_at_the_price(pair):
    for each in pair.naive + pair.lean:
        assert each.dollars == pytest.approx(each.seconds / 3600 * 0.08925)  # c7i.large


def test_a_seed_gives_one_result(pair):
    again = train(LEAN, seed=0)
    assert (again.score, again.epochs) == (pair.lean[0].score, pair.lean[0].epochs)


def test_the_interval_is_wilsons(pair):
    score = pair.lean[0].score
    expected = binomtest(score.correct, 540).proportion_ci(method="wilson")
    assert pair.lean[0].interval == pytest.approx((expected.low, expected.high))
    assert pair.lean[0].accuracy > 0.93


def test_reading_again_changes_the_bill_and_not_the_result(monkeypatch):
    """Each reading is made to take 0.1 CPU-seconds; three epochs need one, or three."""
    read, ends = lean._read, []

    def slow() -> Dataset:
        ends.append(time.thread_time() + 0.1)
        while time.thread_time() < ends[-1]:
            pass
        return read()

    lean._warm_up()
    monkeypatch.setattr(lean, "_read", slow)
    once = train(SHORT, seed=1)
    assert len(ends) == 1
    assert once.cpu_seconds > 0.1
    always = train(replace(SHORT, reload=True), seed=1)
    assert len(ends) == 1 + 3
    assert always.cpu_seconds > 0.3
    assert once.score == always.score


def test_the_shared_data_stay_in_their_cache():
    before = digits()
    train(replace(SHORT, reload=True))
    assert digits() is before


def test_threads_are_set_back_after_an_error_too(monkeypatch):
    before = torch.get_num_threads()
    train(replace(SHORT, threads=before + 3))
    assert torch.get_num_threads() == before
    monkeypatch.setattr(lean, "_read", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(replace(SHORT, threads=before + 3))
    assert torch.get_num_threads() == before


def test_early_stopping_ends_after_epochs_without_a_better_one(monkeypatch):
    """Correct validation answers by epoch: the second is best, so that 8 more are run."""
    counts = iter([200, 240, *[240] * 20])
    monkeypatch.setattr(lean, "accuracy", lambda *_: Accuracy(next(counts), 257))
    model, best = torch.nn.Linear(2, 2), lean._Best()
    data = digits()
    ended = next(epoch for epoch in range(1, 30) if best.stalled(model, data, epoch))
    assert ended == 2 + 8


def test_each_waste_alone_differs_in_one_field_from_lean(monkeypatch):
    seen: list[Recipe] = []

    def fake(recipe, seed, rate):
        seen.append(recipe)
        return trained(520, dollars=2.0 * len(seen))

    monkeypatch.setattr(lean, "train", fake)
    table = lean.one_at_a_time(seed=4)
    assert table["times_lean"].tolist() == [1, 2, 3, 4, 5, 6]
    assert (seen[0], seen[-1]) == (LEAN, NAIVE)
    for name, recipe in zip(WASTES, seen[1:-1], strict=True):
        differing = {k for k, v in asdict(recipe).items() if v != asdict(LEAN)[k]}
        assert differing == set(WASTES[name])
        assert all(getattr(recipe, field) == getattr(NAIVE, field) for field in differing)


def test_the_ratio_of_pairs_by_hand():
    naive = tuple(trained(520, dollars) for dollars in (10.0, 30.0, 20.0))
    same = tuple(trained(522, dollars) for dollars in (1.0, 2.0, 1.0))
    result = Comparison(naive, same)
    assert result.ratio == (15, 10, 20)
    assert result.same_accuracy
    worse = Comparison(naive, (*same[:2], trained(490, 1.0)))
    assert not worse.same_accuracy
    assert "NOT the same accuracy" in str(worse)


@pytest.mark.parametrize("field", ["epochs", "batch", "threads"])
def test_a_recipe_needs_one_of_each(field):
    with pytest.raises(ValueError, match=f"{field} must be at least 1, got 0"):
        replace(LEAN, **{field: 0})


def test_at_least_one_repeat():
    with pytest.raises(ValueError, match="repeats must be at least 1"):
        compare(repeats=0)
