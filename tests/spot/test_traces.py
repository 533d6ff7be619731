"""Traces are read as they were recorded, and a file that is wrong is told why."""

import json
import math

import numpy as np
import pytest
from spot_data import recorded, trace

from mlopt_lessons.spot.trace import Trace, load_trace, load_zones, save_trace


def write(path, data, gap=600, **more):
    path.write_text(json.dumps({"metadata": {"gap_seconds": gap}, "data": data, **more}))
    return path


def test_1_means_available(tmp_path):
    read = load_trace(write(tmp_path / "zone-a.json", [1, 1, 0, 1]))
    assert read.available.tolist() == [True, True, False, True]
    assert (read.zone, read.tick_s, read.source) == ("zone-a", 600, "recorded: zone-a.json")


def test_the_recorded_traces_have_the_polarity_that_their_authors_publish():
    easy, scarce = recorded("us-west-2a_k80_1"), recorded("us-west-2b_k80_1")
    assert easy.share == pytest.approx(0.8927, abs=1e-4)  # spot is mostly there, in this zone
    assert scarce.share == pytest.approx(0.1166, abs=1e-4)
    assert easy.hours == pytest.approx(3895 / 6)


def test_stretches_are_counted_by_hand():
    read = trace("1101000011", tick_s=1800)
    assert read.stretches_h().tolist() == [1.0, 0.5, 1.0]
    assert read.stretches_h(available=False).tolist() == [0.5, 2.0]
    assert trace("111").stretches_h(available=False).tolist() == []


def test_what_is_saved_is_read_again(tmp_path):
    first = trace("100110")
    save_trace(first, tmp_path / "mine.json")
    again = load_trace(tmp_path / "mine.json")
    assert np.array_equal(first.available, again.available)
    assert again.tick_s == first.tick_s


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("not json", "is not JSON"),
        ("[1, 0]", 'the keys "metadata" and "data"'),
        ('{"data": [1]}', 'the keys "metadata" and "data"'),
        ('{"metadata": {"gap_seconds": 600}, "data": [1], "prices": []}', "does not know: prices"),
        (
            '{"metadata": {"gap_seconds": 600, "region": "x"}, "data": [1]}',
            "not known here: region",
        ),
        ('{"metadata": {}, "data": [1]}', "above 0 in its metadata, got None"),
        ('{"metadata": {"gap_seconds": 0}, "data": [1]}', "above 0 in its metadata, got 0"),
        ('{"metadata": {"gap_seconds": true}, "data": [1]}', "above 0"),
        ('{"metadata": {"gap_seconds": 600}, "data": []}', "is empty"),
        ('{"metadata": {"gap_seconds": 600}, "data": [1, NaN]}', "Tick 1 of zone.json is nan"),
        ('{"metadata": {"gap_seconds": 600}, "data": [1, 0, "1"]}', "Tick 2 of zone.json is '1'"),
        ('{"metadata": {"gap_seconds": 600}, "data": [2]}', "Tick 0 of zone.json is 2"),
        ('{"metadata": {"gap_seconds": 600}, "data": [null]}', "Tick 0 of zone.json is None"),
        ('{"metadata": {"gap_seconds": 600}, "data": {}}', "a list"),
    ],
)
def test_a_file_that_is_wrong_is_told_why(tmp_path, text, told):
    file = tmp_path / "zone.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=told):
        load_trace(file)


def test_zones_must_cover_the_same_time(tmp_path):
    first = write(tmp_path / "a.json", [1, 0, 1])
    shorter, finer = (
        write(tmp_path / "b.json", [1, 0]),
        write(tmp_path / "c.json", [1, 0, 1], gap=300),
    )
    for other in (shorter, finer):
        with pytest.raises(ValueError, match="zones must cover the same time"):
            load_zones([first, other])
    with pytest.raises(ValueError, match="At least one trace"):
        load_zones([])
    assert [each.zone for each in load_zones([first, first])] == ["a", "a"]


@pytest.mark.parametrize("tick", [0.0, -1.0, math.inf, math.nan])
def test_a_tick_that_cannot_be_is_refused(tick):
    with pytest.raises(ValueError, match="more than 0 s"):
        Trace(np.array([True]), tick, "here", "simulated: by hand")


def test_a_trace_of_numbers_is_refused():
    with pytest.raises(TypeError, match="array of bool"):
        Trace(np.array([1, 0]), 600, "here", "simulated: by hand")
