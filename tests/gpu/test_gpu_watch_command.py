"""`mlopt gpu watch` as a user calls it: on a stand-in for GPUs, on logs, and with wrong arguments."""

import sys

import pytest
from click.testing import CliRunner
from fake_nvml import GPU_IS_LOST, FakeNvml, hopper, turing
from gpu_logs import log

from mlopt_lessons.gpu.player import load_log, save_log
from mlopt_lessons.gpu.trace_generator import generate_cluster
from mlopt_lessons.gpu.watch_command import watch


def run(*arguments):
    return CliRunner().invoke(watch, [str(each) for each in arguments])


@pytest.fixture
def use(monkeypatch):
    def install(*gpus):
        module = FakeNvml(list(gpus))
        monkeypatch.setitem(sys.modules, "pynvml", module)
        return module

    return install


@pytest.fixture
def played(tmp_path):
    path = tmp_path / "log.csv"
    idle = log([0] * 60, gpu="gpu0 Tesla T4", sm_active=[0] * 60, occupancy=[0] * 60)
    busy = log([100] * 30 + [0] * 30, gpu="gpu1 Tesla T4", sm_active=[40] * 60, occupancy=[10] * 60)
    save_log([idle, busy], path)
    return path


def test_a_played_log_is_summed_up_by_hand(played):
    done = run("--from", played, "--price", 0.5)
    assert done.exit_code == 0
    # 1.5 idle hours at $0.50; in a month of 730 h the first GPU is idle all the time, the second half.
    assert (
        "Idle: 1.5 h of GPU time, 75%: $0.7500 in this log, $547.50 a month of 730 h" in done.output
    )
    assert "Wasted: 75 % by utilisation, 80 % by SM-active, 95 % by occupancy." in done.output
    assert "365.00" in done.output
    assert "182.50" in done.output


def test_a_long_log_shows_few_lines(tmp_path):
    save_log(generate_cluster(6, 2, parked=1).logs, tmp_path / "log.csv")
    done = run("--from", tmp_path / "log.csv")
    lines = done.output.split("°C\n")[1].split("\n\n")[0].splitlines()
    assert 10 <= len(lines) <= 26
    assert "simulated: GPU cluster generator, seed 0" in done.output
    assert "A100-80GB, a GPU of" in done.output


def test_gpus_are_watched_and_the_log_plays_again(use, tmp_path):
    use(hopper(), turing(gpu=0))
    out = tmp_path / "mine.csv"
    done = run("--interval", 0.02, "--seconds", 0.1, "--out", out, "--price", 1)
    assert done.exit_code == 0, done.output
    assert "gpu0 NVIDIA H100 80GB HBM3 (measured" in done.output
    assert "from Hopper" in done.output
    logs = load_log(out)
    assert [each.gpu for each in logs] == ["gpu0 NVIDIA H100 80GB HBM3", "gpu1 Tesla T4"]
    assert all(1 < len(each) <= 6 for each in logs)
    # A GPU that is idle from end to end is told so, though the log is shorter than ten minutes.
    assert "100%" in done.output
    again = run("--from", out, "--price", 1)
    assert (
        again.output.split("readings")[1].split("Written")[0]
        == done.output.split("readings")[1].split("Written")[0]
    )


def test_a_gpu_that_is_lost_on_the_way_is_told_and_the_log_kept(use, monkeypatch, tmp_path):
    module = use(hopper())
    readings = iter([50, 60])

    def rates(handle):
        value = next(readings, None)
        if value is None:
            raise module.NVMLError(GPU_IS_LOST)
        return type("Rates", (), {"gpu": value, "memory": 0})

    monkeypatch.setattr(module, "nvmlDeviceGetUtilizationRates", rates)
    done = run("--interval", 0.01, "--seconds", 5, "--out", tmp_path / "a.csv")
    assert done.exit_code == 0, done.output
    assert (
        "The recording ended early: gpu0 NVIDIA H100 80GB HBM3 no longer answers (GPU is lost)"
        in done.output
    )
    assert load_log(tmp_path / "a.csv")[0].utilisation.tolist() == [50, 60]


def test_without_gpu_it_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    done = run()
    assert done.exit_code == 1
    assert 'pip install "mlopt-lessons[gpu]"' in done.output
    assert "--from LOG.csv" in done.output


def test_a_gpu_without_a_price_leaves_the_dollars_open(tmp_path):
    save_log([log([0] * 60, gpu="my own card")], tmp_path / "a.csv")
    done = run("--from", tmp_path / "a.csv")
    assert done.exit_code == 0
    assert "Give --price" in done.output
    save_log([log([0] * 60, gpu="my own card"), log([0] * 60)], tmp_path / "a.csv")
    assert "1 without a price left out." in run("--from", tmp_path / "a.csv").output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--price", 0), "must be above 0"),
        (("--below", 0), "below is 0"),
        (("--minutes", -1), "minutes is -1"),
        (("--out", "nowhere/mine.csv"), "cannot be written"),
    ],
)
def test_wrong_arguments_are_one_sentence(played, arguments, told):
    done = run("--from", played, *arguments)
    assert done.exit_code == 1
    assert done.output.strip().splitlines()[-1].startswith("Error: ")
    assert told in done.output


@pytest.mark.parametrize("arguments", [("--interval", 0), ("--seconds", -1), ("--seconds", "nan")])
def test_times_that_cannot_be_are_told(use, arguments):
    use(hopper())
    done = run(*arguments)
    assert done.exit_code == 1
    assert "cannot be; give numbers above 0" in done.output


def test_a_log_that_is_not_there_is_told(tmp_path):
    done = run("--from", tmp_path / "none.csv")
    assert done.exit_code == 1
    assert "none.csv cannot be used (No such file or directory)" in done.output
