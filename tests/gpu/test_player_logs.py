"""Logs are read as they were saved, nvidia-smi's too, and a file that is wrong is told why."""

import math

import numpy as np
import pytest
from gpu_logs import log
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.gpu.player import Player, load_log, save_log
from mlopt_lessons.gpu.samples import SERIES

HEAD = "time_s,utilisation\n"
SMI_HEAD = (
    "timestamp, index, name, utilization.gpu [%], memory.used [MiB], memory.total [MiB], "
    "power.draw [W], temperature.gpu\n"
)
SMI = (
    SMI_HEAD
    + "2026/11/24 09:30:00.100, 0, NVIDIA A100-SXM4-80GB, 45 %, 1024 MiB, 81920 MiB, 61.20 W, 34\n"
    + "2026/11/24 09:30:00.103, 1, NVIDIA A100-SXM4-80GB, 0 %, 0 MiB, 81920 MiB, [N/A], 30\n"
    + "2026/11/24 09:30:05.100, 0, NVIDIA A100-SXM4-80GB, 100 %, 2048 MiB, 81920 MiB, 301.00 W, 55\n"
    + "2026/11/24 09:30:05.103, 1, NVIDIA A100-SXM4-80GB, 3 %, 0 MiB, 81920 MiB, [N/A], 30\n"
)


def write(tmp_path, text, name="mine.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_saved_is_read_again(tmp_path):
    first = log([1, 2.5], gpu="gpu0 T4", origin="simulated: x, seed 3", sm_active=[math.nan, 3.25])
    second = log([0, 9, 7], gpu="gpu1 T4", origin="simulated: x, seed 3",
                 memory_used_bytes=[85_899_345_921, 0, 1], power_w=[math.nan] * 3)  # fmt: skip
    save_log([first, second], tmp_path / "mine.csv")
    for before, after in zip([first, second], load_log(tmp_path / "mine.csv"), strict=True):
        assert (after.gpu, after.origin) == (before.gpu, "simulated: x, seed 3")
        for name in SERIES:
            assert np.array_equal(getattr(after, name), getattr(before, name), equal_nan=True)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.floats(0, 1e6))
def test_any_log_survives_the_file(tmp_path_factory, values, start):
    times = start + np.arange(len(values)) * 0.5
    path = tmp_path_factory.getbasetemp() / "any.csv"
    save_log([log(values, time_s=times)], path)
    (again,) = load_log(path)
    assert again.utilisation == pytest.approx(np.array(values), rel=1e-11, abs=1e-300)
    assert again.time_s == pytest.approx(times, rel=1e-11)


def test_a_measured_log_stays_measured_and_a_bare_file_is_recorded(tmp_path):
    save_log([log([1], origin="measured: gpu0 X, NVML")], tmp_path / "a.csv")
    assert load_log(tmp_path / "a.csv")[0].origin == "measured: NVML"
    (bare,) = load_log(write(tmp_path, HEAD + "0,5\n1,6\n"))
    assert (bare.gpu, bare.origin) == ("gpu0", "recorded: mine.csv")
    assert np.isnan(bare.sm_active).all()
    noted = load_log(write(tmp_path, "# from my own cluster\n" + HEAD + "0,5\n", "b.csv"))
    assert noted[0].origin == "recorded: b.csv"


def test_nvidia_smi_is_read_with_its_units(tmp_path):
    first, second = load_log(write(tmp_path, SMI))
    assert [first.gpu, second.gpu] == ["gpu0 NVIDIA A100-SXM4-80GB", "gpu1 NVIDIA A100-SXM4-80GB"]
    assert first.time_s.tolist() == [0.0, 5.0]
    assert first.utilisation.tolist() == [45, 100]
    assert first.memory_used_bytes.tolist() == [2**30, 2**31]
    assert first.power_w.tolist() == [61.2, 301.0]
    assert np.isnan(second.power_w).all()
    assert second.time_s.tolist() == pytest.approx([0.003, 5.003])


def test_nvidia_smi_without_units_and_names_is_read_too(tmp_path):
    text = (
        "timestamp, utilization.gpu [%]\n2026/11/24 09:30:00.000, 45\n2026/11/24 09:30:01.000, 46\n"
    )
    (found,) = load_log(write(tmp_path, text))
    assert (found.gpu, found.utilisation.tolist()) == ("gpu0", [45, 46])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no CSV"),
        (HEAD, "has no reading"),
        ("time,util\n1,2\n", "lacks the column(s) time_s, utilisation"),
        (HEAD + "0,5\n1,45 %\n", "Reading 2 of mine.csv: utilisation is '45 %'"),
        (HEAD + "0,5\n1,\n", "Reading 2 of mine.csv: utilisation is empty"),
        (HEAD + "0,12,5\n1,13,5\n", "is no CSV"),
        (HEAD + "0,5\n1,6,7\n", "is no CSV"),
        (HEAD + "0,500\n", "utilisation is 500 in a reading; it is from 0 to 100 %"),
        (HEAD + "5,5\n4,5\n", "times of a log rise"),
        (HEAD + "inf,5\n", "times of a log rise"),
        (SMI.replace("timestamp", "time"), "lacks the column timestamp"),
        (
            SMI.replace("2026/11/24 09:30:05.103", "24.11.2026"),
            "Reading 4 of mine.csv: the timestamp '24.11.2026'",
        ),
        (SMI.replace("100 %", "lots"), "Reading 3 of mine.csv: utilization.gpu is 'lots'"),
        (SMI.replace("45 %", "[N/A]"), "Reading 1 of mine.csv: utilisation is empty"),
    ],
)
def test_a_wrong_file_is_told_why(tmp_path, text, told):
    with pytest.raises(ValueError, match=r"mine\.csv") as caught:
        load_log(write(tmp_path, text))
    assert told in str(caught.value)


def test_a_file_in_another_encoding_is_told(tmp_path):
    (tmp_path / "mine.csv").write_bytes(b"time_s,utilisation\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match="not text in UTF-8"):
        load_log(tmp_path / "mine.csv")


def test_the_player_plays_in_order_and_says_what_it_lacks():
    player = Player(log([1, 2], sm_active=[math.nan, math.nan], occupancy=[math.nan, math.nan]))
    assert [player.read().utilisation, player.read().utilisation] == [1, 2]
    with pytest.raises(EOFError, match="is over"):
        player.read()
    assert player.note == "SM-active and occupancy are not in the log."
    assert Player(log([1], occupancy=[math.nan])).note == "occupancy is not in the log."
    assert Player(log([1])).note == ""


def test_logs_that_cannot_be_saved_are_told(tmp_path):
    with pytest.raises(ValueError, match="no log to save"):
        save_log([], tmp_path / "a.csv")
    with pytest.raises(ValueError, match="different places"):
        save_log([log([1]), log([1], origin="simulated: y")], tmp_path / "a.csv")
    with pytest.raises(OSError, match="nowhere"):
        save_log([log([1])], tmp_path / "nowhere" / "a.csv")
