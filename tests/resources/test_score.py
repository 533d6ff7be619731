"""A rule is judged on what it has not seen: by hand, and on real machines."""

import pandas as pd
import pytest
from usage_data import by_hand, recorded, table

from mlopt_lessons.resources.generator import generate
from mlopt_lessons.resources.rules import P95_BOTH, RULES
from mlopt_lessons.resources.score import (
    FARGATE,
    Rates,
    kill_starts,
    score_rule,
    score_rules,
    short_of_cpu,
    split,
)
from mlopt_lessons.resources.usage import STORY, Request

KRR, VPA = "p95, max + 15 % (KRR)", "p90 + 15 % (VPA)"


def fixed(usage):
    return Request(2, 3)


def test_by_hand():
    # Judged on the last four hours: memory climbs above 3 GiB twice, CPU above 2 cores half of the time.
    one = by_hand([0, 0, 0, 0, 3, 3, 1, 1], [9, 9, 9, 9, 4, 5, 1, 4], Request(10, 20))
    two = by_hand([9, 9, 9, 9, 2, 2, 2, 2], [1, 1, 1, 1, 3, 3, 3, 3], Request(6, 4))
    prices = Rates(0.5, 0.25, "by hand", "2026-11-24")
    found = score_rule(fixed, [one, two], prices=prices, kill_price=10)
    assert (found.saved_cores, found.saved_gib) == (16 - 4, 24 - 6)
    assert (found.saved_cores_share, found.saved_gib_share) == (0.75, 0.75)
    assert (found.short, found.killed, found.jobs) == (0.5, 0.5, 2)
    assert found.kills_month == pytest.approx(2 * 730 / 4)
    assert found.usd_month == pytest.approx(730 * (4 * 0.5 + 6 * 0.25) + 10 * 365)
    assert found.before_usd_month == pytest.approx(730 * (16 * 0.5 + 24 * 0.25))


def test_the_story_in_dollars():
    found = score_rule(RULES["twice the mean"], [STORY])
    assert (found.saved_cores, found.saved_gib) == (12, 48)
    assert (found.short, found.killed) == (0, 0)
    assert found.before_usd_month == pytest.approx(730 * (16 * 0.04048 + 64 * 0.004445))
    assert found.usd_month == pytest.approx(found.before_usd_month / 4)


def test_kills_start_a_stretch_and_need_more_than_the_limit():
    memory = by_hand([0] * 7, [3, 4, 4, 3, 5, 1, 4]).memory_gib
    assert kill_starts(memory, 3).tolist() == [1, 4, 6]
    assert kill_starts(memory, 5).tolist() == []
    assert kill_starts(memory, 0).tolist() == [0]
    assert short_of_cpu(memory, 3) == pytest.approx(4 / 7)


def test_a_split_leaves_a_sample_on_each_side():
    usage = by_hand(range(10), range(10))
    for part, count in ((0.5, 5), (0.01, 1), (0.99, 9), (0.3, 3)):
        seen, rest = split(usage, part)
        assert (len(seen.cpu), len(rest.cpu)) == (count, 10 - count)
        assert [*seen.cpu, *rest.cpu] == list(range(10))
    with pytest.raises(ValueError, match="between 0 and 1"):
        split(usage, 1)
    with pytest.raises(ValueError, match="one sample"):
        split(by_hand([1], [1]))


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match="At least one job"):
        score_rule(fixed, [])
    with pytest.raises(ValueError, match="is not known"):
        score_rule(fixed, [by_hand([1, 1], [1, 1], None)])
    with pytest.raises(ValueError, match="source and their date"):
        Rates(1, 1, "", "")
    with pytest.raises(ValueError, match="finite"):
        Rates(-1, 1, "mine", "today")
    assert FARGATE.month(1, 0) == pytest.approx(29.55, abs=0.01)


def check_finding(found: pd.DataFrame) -> None:
    """CPU is compressible, memory is not: one rule for both saves most and breaks almost all."""
    both, krr = found.loc[P95_BOTH], found.loc[KRR]
    assert both.killed >= 0.8
    assert both.short < 0.5
    assert both.killed >= 2 * krr.killed
    # It saves more memory than all rules that kill under two thirds of the jobs.
    careful = found[found.killed < 0.66]
    assert len(careful) >= 2
    assert both.saved_gib > careful.saved_gib.max()
    assert krr.saved_cores_share > 0.75
    # With a dollar a kill the rule that treats memory on its own is cheaper.
    assert krr.usd_month < both.usd_month < krr.before_usd_month


def test_on_real_machines_p95_of_memory_kills_almost_all():
    found = score_rules(RULES, recorded())
    check_finding(found)
    assert found.loc[P95_BOTH, "killed"] == pytest.approx(38 / 47)
    assert found.loc[KRR, "killed"] == pytest.approx(10 / 47)
    assert found.loc[P95_BOTH, "saved_gib_share"] == pytest.approx(0.785, abs=1e-3)


def test_on_real_machines_the_mean_of_an_hour_hides_still_more():
    means = recorded("mem_mean")
    killed = [
        peaks.memory_gib[len(peaks.cpu) // 2 :].max() > RULES[P95_BOTH](split(seen)[0]).memory_gib
        for seen, peaks in zip(means, recorded(), strict=True)
    ]
    assert sum(killed) / len(killed) > 0.95


@pytest.mark.parametrize("seed", range(3))
def test_on_simulated_jobs_it_is_the_same(seed):
    check_finding(score_rules(RULES, generate(seed=seed)))


def test_the_summary_of_all_real_machines_says_why():
    every = table("vm_summary")
    assert (every.mem_p95 * 1.15 < every.mem_max).mean() > 0.9
