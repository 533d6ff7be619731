"""Plans and sweeps are the replays that they are made of, wherever they are computed."""

import math

import joblib
import numpy as np
import pytest

from mlopt_lessons.spot import discounts
from mlopt_lessons.spot.generator import generate
from mlopt_lessons.spot.job import STORY_RATES, Job
from mlopt_lessons.spot.optimum import optimum
from mlopt_lessons.spot.plan import OPTIMUM, compare_policies
from mlopt_lessons.spot.policies import POLICIES
from mlopt_lessons.spot.replay import replay
from mlopt_lessons.spot.sweep import sweep
from mlopt_lessons.workbench import gpu_prices

JOB = Job(10.0, 14.0, 0.1)


@pytest.fixture(scope="module")
def zones():
    return generate(100.0, seed=4)


def test_a_plan_is_the_mean_of_single_replays(zones):
    table = compare_policies(zones[:1], JOB, STORY_RATES, starts=5)
    assert set(table["policy"]) == {*POLICIES, OPTIMUM}
    begins = np.unique(np.linspace(0, 600 - 84, 5).astype(int))
    single = [replay(zones[0], JOB, STORY_RATES, "greedy", int(start)) for start in begins]
    row = table.set_index("policy").loc["greedy"]
    assert row["cost"] == pytest.approx(np.mean([each.cost for each in single]))
    assert row["launches"] == pytest.approx(np.mean([each.launches for each in single]))
    assert row["late"] == np.mean([each.late for each in single])
    best = [optimum(zones[0], JOB, STORY_RATES, int(start)).cost for start in begins]
    assert table["cost"].iloc[-1] == pytest.approx(np.mean(best))


def test_a_plan_puts_the_dearest_first_and_on_demand_at_1(zones):
    table = compare_policies(zones, Job(10.0, 14.0), STORY_RATES, starts=5).set_index("policy")
    assert table.loc["on demand", "against"] == pytest.approx(1.0)
    assert table["cost"].iloc[:-1].is_monotonic_decreasing
    assert not table.drop(index="spot only")["late"].any()


@pytest.mark.parametrize(
    ("job", "starts", "told"),
    [
        (Job(10.0), 5, "meet a deadline; give the job one"),
        (Job(10.0, 101.0), 5, "lasts 100.0 h, less than the deadline"),
        (JOB, 0, "At least one start"),
    ],
)
def test_what_cannot_be_planned_is_told(zones, job, starts, told):
    with pytest.raises(ValueError, match=told):
        compare_policies(zones, job, STORY_RATES, starts)


def test_a_sweep_gives_the_same_on_a_cluster(zones):
    distributed = pytest.importorskip("distributed")
    asked = ({"one": zones[:1], "three": zones}, [JOB, Job(8.0, 14.0, 0.2)], STORY_RATES)
    policies, starts = ["greedy", "time-sliced"], [0, 40, 80]
    here = sweep(*asked, policies, starts)
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    )
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        there = sweep(*asked, policies, starts)
    assert here.equals(there)
    assert len(here) == 2 * 2 * 2 * 3
    first = here.iloc[0]
    assert (first["traces"], first["policy"], first["start"]) == ("one", "greedy", 0)
    assert first["cost"] == replay(zones[0], JOB, STORY_RATES, "greedy", 0).cost


def test_discounts_are_those_of_the_two_prices():
    table = discounts()
    assert len(table) == 36
    assert table["discount"].median() == pytest.approx(0.698, abs=1e-3)
    assert table["discount"].quantile([0.1, 0.9]).tolist() == pytest.approx(
        [0.579, 0.735], abs=1e-3
    )
    assert table["discount"].is_monotonic_increasing
    row = table[table["instance"] == "p3.16xlarge"].iloc[0]
    assert row["discount"] == pytest.approx(1 - 7.34 / 24.48)


def test_every_gpu_price_names_its_source_and_date():
    table = gpu_prices()
    assert table[["provider", "instance", "date", "source"]].notna().sum().min() > 60
    assert table[["date", "source", "provider"]].notna().all().all()
    assert (table["spot_usd_h"].dropna() > 0).all()
    assert not table["gpu"].fillna("").str.contains(r"\?").any()
    assert math.isclose(
        table.set_index("instance").loc["g4dn.xlarge", "on_demand_usd_h"].iloc[0], 0.526
    )
