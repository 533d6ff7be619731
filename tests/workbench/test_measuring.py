"""Accuracy, latency, size and prices, each against something else that knows the answer."""

import gc
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from mlopt_lessons.workbench import (
    Accuracy,
    Price,
    accuracy,
    dollars_per_million,
    dollars_per_million_downloads,
    format_bytes,
    latency,
    price,
    prices,
    ratio,
    size_on_disk,
)


@settings(deadline=None)
@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilson_s(counts: tuple[int, int]) -> None:
    correct, total = counts
    expected = binomtest(correct, total).proportion_ci(0.95, method="wilson")
    assert Accuracy(correct, total).interval == pytest.approx(
        (expected.low, expected.high), abs=1e-9
    )


@pytest.mark.parametrize(("correct", "total"), [(1, 0), (-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_refused(correct: int, total: int) -> None:
    with pytest.raises(ValueError, match="count again"):
        Accuracy(correct, total)


def test_accuracy_counts_the_largest_logit_of_module_and_callable() -> None:
    x, y = torch.eye(7), torch.tensor([0, 1, 2, 3, 4, 0, 0])
    assert accuracy(torch.nn.Identity(), x, y, batch=2) == Accuracy(5, 7)
    assert accuracy(lambda array: array * 2, x, y) == Accuracy(5, 7)


def test_a_model_of_nan_predicts_nothing() -> None:
    with pytest.raises(ValueError, match="NaN"):
        accuracy(lambda array: array * np.nan, torch.eye(3), torch.arange(3))


def test_images_and_labels_must_pair_up() -> None:
    with pytest.raises(ValueError, match="pair up"):
        accuracy(torch.nn.Identity(), torch.eye(3), torch.arange(2))


class FakeClock:
    """A clock that advances by what each variant says it takes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def variant(self, name: str, seconds) -> object:
        def call() -> None:
            self.calls.append(name)
            self.now += next(seconds)

        return call


def test_latency_takes_turns_and_drops_the_warm_up() -> None:
    clock = FakeClock()
    cold = itertools.chain([100.0] * 5, itertools.cycle([1.0, 2.0, 3.0]))
    variants = {"a": clock.variant("a", cold), "b": clock.variant("b", itertools.repeat(4.0))}
    found = latency(variants, repeats=30, warmup=5, threads=3, clock=clock)
    assert clock.calls == ["a", "b"] * 5 + ["a", "a", "b", "b"] * 30
    assert found["a"].median_s == pytest.approx(2.0)
    assert (found["a"].low_s, found["a"].high_s) == pytest.approx((1.0, 3.0))
    assert found["b"].repeats == 30
    assert found["b"].threads == 3
    assert found["b"].machine


def test_the_ratio_pairs_the_rounds() -> None:
    clock = FakeClock()
    drifting = [1.0 + call // 2 for call in range(1, 62)]  # the machine gets slower
    variants = {
        "slow": clock.variant("slow", (3 * each for each in drifting)),
        "fast": clock.variant("fast", iter(drifting)),
    }
    found = latency(variants, repeats=30, warmup=1, clock=clock)
    assert ratio(found["slow"], found["fast"]) == pytest.approx((3.0, 3.0, 3.0))


@pytest.mark.parametrize(("repeats", "warmup"), [(29, 5), (30, 0)])
def test_too_few_repeats_or_no_warm_up_are_refused(repeats: int, warmup: int) -> None:
    with pytest.raises(ValueError, match="at least 30"):
        latency({"a": lambda: None}, repeats=repeats, warmup=warmup)


def test_nothing_to_time_is_told() -> None:
    with pytest.raises(ValueError, match="nothing to time"):
        latency({})


def test_the_garbage_collector_is_back_after_timing() -> None:
    seen = []
    latency({"a": lambda: seen.append(gc.isenabled())}, repeats=30, warmup=1)
    assert seen == [True] + [False] * 60
    assert gc.isenabled()


def test_size_counts_a_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_bytes(os.urandom(1000))
    (tmp_path / "deep" / "b").write_bytes(os.urandom(234))
    assert size_on_disk(tmp_path / "a") == 1000
    assert size_on_disk(tmp_path) == 1234
    with pytest.raises(FileNotFoundError, match="no file at"):
        size_on_disk(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (17_402_000, "17.4 MB"), (1e9, "1 GB")]
)
def test_bytes_as_people_read_them(count: float, text: str) -> None:
    assert format_bytes(count) == text


def test_an_hour_of_predictions_costs_an_hour() -> None:
    # 1 ms a prediction is 3.6 million predictions an hour.
    mine = Price("mine", 3.6, "invoice", "2026-11-01")
    assert dollars_per_million(0.001, mine) == pytest.approx(1.0)


def test_a_million_downloads_of_a_megabyte_are_a_terabyte() -> None:
    assert dollars_per_million_downloads(1e6, 0.09) == pytest.approx(90.0)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_latency_that_cannot_be_has_no_price(seconds: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        dollars_per_million(seconds, price("c7i.large"))


@pytest.mark.parametrize(("size", "per_gb"), [(-1, 0.09), (float("nan"), 0.09), (1, 0), (1, -1)])
def test_a_download_that_cannot_be_has_no_price(size: float, per_gb: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        dollars_per_million_downloads(size, per_gb)


def test_every_price_names_its_source_and_date() -> None:
    table = prices()
    assert table["name"].is_unique
    assert table[["source", "date", "usd_per_hour"]].notna().all().all()
    assert price("g4dn.xlarge").usd_per_hour == 0.526


def test_an_unknown_machine_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"c7i\.large"):
        price("cray-1")


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_price_that_cannot_be_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Price("mine", value, "invoice", "2026-11-01")


def test_a_price_needs_a_number_a_source_and_a_date() -> None:
    with pytest.raises(TypeError, match="must be a number"):
        Price("mine", "cheap", "invoice", "2026-11-01")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="source and its date"):
        Price("mine", 1.0, "", "2026-11-01")
