"""What lab (c) shows is what the functions behind it find."""

import numpy as np
import pytest
from gpu_logs import log

from mlopt_lessons.gpu.efficiency import find_idle, mean_efficiency
from mlopt_lessons.gpu.explore_watch import ALL, BELOW_PERCENT, IDLE_MINUTES, WatchExplorer
from mlopt_lessons.gpu.trace_generator import generate_cluster

CLUSTER = generate_cluster(12, 3, seed=4, parked=2)


@pytest.fixture(scope="module")
def explorer():
    return WatchExplorer(CLUSTER.logs, price=2.0)


def test_two_gpus_by_hand():
    logs = [
        log([0, 0, 0, 0], time_s=[7, 67, 127, 187], gpu="a", sm_active=[0] * 4, occupancy=[0] * 4),
        log(
            [100, 0, 0, 100],
            time_s=[7, 67, 127, 187],
            gpu="b",
            sm_active=[40, 0, 0, 40],
            occupancy=[8, 0, 0, 8],
        ),
    ]
    view = WatchExplorer(logs, price=1.0).view("b", below=5, minutes=2)
    assert view.wasted == {"utilisation": 50, "sm_active": 80, "occupancy": 96}
    assert (view.idle_h * 60).tolist() == [[pytest.approx(1), pytest.approx(3)]]
    assert (view.hours_at * 60).tolist() == pytest.approx([0, 1, 2, 3])
    assert view.usd_month.tolist() == pytest.approx([730, 365])
    assert (view.parked, view.idle_share) == (("a",), 0.75)
    assert view.note == "1 of 2 GPUs parked, 75 % of GPU hours idle: $1,095 a month"
    assert view.finding.startswith(
        "Wasted of b: 50 % by utilisation, 80 % by SM-active, 96 % by occupancy. 1 of 2"
    )


def test_all_gpus_are_the_mean(explorer):
    view = explorer.view()
    assert (view.gpu, view.origin) == (ALL, "simulated: GPU cluster generator, seed 4")
    assert view.efficiency == view.cluster == mean_efficiency(CLUSTER.logs)
    for name in ("utilisation", "sm_active", "occupancy"):
        expected = np.mean([getattr(each, name) for each in CLUSTER.logs], axis=0)
        assert getattr(view, name) == pytest.approx(expected)
    assert view.idle_h.shape == (0, 2)


@pytest.mark.parametrize("below", BELOW_PERCENT)
@pytest.mark.parametrize("minutes", IDLE_MINUTES)
def test_a_stricter_rule_never_finds_more_idle_time(explorer, below, minutes):
    name = explorer.choices[1]
    view = explorer.view(name, below, minutes)
    assert [idle.hours for idle in view.idle] == [
        idle.hours for idle in find_idle(CLUSTER.logs, below, minutes)
    ]
    assert explorer.view(name, below, 2 * minutes).idle_share <= view.idle_share
    assert explorer.view(name, below / 2, minutes).idle_share <= view.idle_share
    assert set(CLUSTER.parked) <= set(view.parked)


def test_the_price_is_the_published_one_where_none_is_given():
    view = WatchExplorer(CLUSTER.logs).view()
    assert "A100-80GB" in view.price.name
    assert view.price.date in view.finding


def test_everything_that_can_be_chosen_can_be_seen(explorer):
    assert explorer.choices == (ALL, *(each.gpu for each in CLUSTER.logs))
    for name in explorer.choices:
        view = explorer.view(name, 5, 30)
        assert view.finding.startswith(f"Wasted of {name}: ")
        assert view.note in view.finding


def test_a_log_that_tells_little_shows_what_it_tells():
    silent = log([50, 60], gpu="a", sm_active=[np.nan] * 2, occupancy=[np.nan] * 2)
    view = WatchExplorer([silent], 1.0).view("a")
    assert view.wasted == {"utilisation": 45}
    assert "SM-active" not in view.finding


def test_what_cannot_be_shown_is_told(explorer):
    with pytest.raises(ValueError, match="no log of 'gpu99'"):
        explorer.view("gpu99")
    with pytest.raises(ValueError, match="There is no log"):
        WatchExplorer([])
    with pytest.raises(ValueError, match="same times"):
        WatchExplorer([log([1, 2], gpu="a"), log([1], gpu="b")], 1.0)
    with pytest.raises(ValueError, match="Two logs are of one GPU"):
        WatchExplorer([log([1]), log([1])], 1.0)
    with pytest.raises(ValueError, match="There is no price"):
        WatchExplorer([log([1], gpu="my own card")])
