"""Energy against arithmetic by hand, and the counter against a made-up /sys/class/powercap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.cost.energy import (
    Counter,
    Power,
    estimated_energy,
    measured_energy,
    power_of_cores,
    read_counters,
)


def zone(root, folder, name, energy, turn=262_143_328_850):
    (root / folder).mkdir(parents=True)
    for file, text in (("name", name), ("energy_uj", energy), ("max_energy_range_uj", turn)):
        (root / folder / file).write_text(f"{text}\n")


def test_a_thousand_cores_at_half_load_for_an_hour():
    """Cloud Carbon Footprint's own default: 50 % gives 0.74 + 0.5 · 2.76 = 2.12 W a core."""
    used = estimated_energy(3600, 1800 * 1000, cores=1000, power=power_of_cores(1000), pue=1.135)
    assert used.kwh == pytest.approx(2.12 * 1.135)
    assert not used.measured
    assert "PUE 1.135" in used.assumption


def test_no_time_uses_no_energy():
    assert estimated_energy(0, 0, cores=2, power=power_of_cores(2)).kwh == 0


@given(st.floats(0.01, 1e6), st.floats(0, 1e7), st.integers(1, 256))
def test_energy_lies_between_idle_and_full(seconds, cpu, cores):
    power = power_of_cores(cores)
    kwh = estimated_energy(seconds, cpu, cores=cores, power=power).kwh
    assert power.idle_w * seconds * 0.999 <= kwh * 3.6e6 <= power.full_w * seconds * 1.001


def test_only_whole_packages_are_read(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 3_000_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 7_000_000)
    zone(tmp_path, "intel-rapl:2", "psys", 99_000_000)
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 5_000_000)
    found = read_counters(tmp_path)
    assert {name: counter.microjoules for name, counter in found.items()} == {
        "intel-rapl:0": 5_000_000,
        "intel-rapl:1": 7_000_000,
    }


def test_without_counters_nothing_is_measured(tmp_path):
    assert read_counters(tmp_path / "none") == {}
    (tmp_path / "intel-rapl:0").mkdir()
    assert read_counters(tmp_path) == {}
    assert measured_energy({}, {}, seconds=1) is None


def test_joules_between_two_readings():
    before = {"a": Counter(1_000_000, 10**12), "b": Counter(5_000_000, 10**12)}
    after = {"a": Counter(37_000_000, 10**12), "b": Counter(5_000_000, 10**12)}
    used = measured_energy(before, after, seconds=1, pue=1.5)
    assert used.kwh == pytest.approx(36 / 3.6e6 * 1.5)
    assert used.measured
    assert used.assumption.startswith("measured")


def test_a_counter_that_turned_once_goes_on():
    before, after = {"a": Counter(9_000_000, 10_000_000)}, {"a": Counter(2_000_000, 10_000_000)}
    used = measured_energy(before, after, seconds=0.01)
    assert used.kwh * 3.6e6 == pytest.approx(3)


def test_a_counter_that_may_have_turned_twice_tells_nothing():
    counter = {"a": Counter(0, 262_000_000_000)}
    assert measured_energy(counter, counter, seconds=200) is not None
    assert measured_energy(counter, counter, seconds=300) is None


@pytest.mark.parametrize(
    ("idle", "full", "source", "told"),
    [
        (10, 5, "x", "not less at work"),
        (0, 0, "x", "Watts must be 0 or more"),
        (1, float("inf"), "x", "Watts must be"),
        (1, float("nan"), "x", "Watts must be"),
        (1, 2, "", "need their source"),
    ],
)
def test_watts_that_cannot_be(idle, full, source, told):
    with pytest.raises(ValueError, match=told):
        Power(idle, full, source)


def test_a_machine_has_a_core():
    with pytest.raises(ValueError, match="at least 1 core"):
        power_of_cores(0)
