"""The market against real processes: trainings that end bit for bit as if nobody had struck them.

Most trainings are forked from a server (forked_training.py) and one is the command as learners run it.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mlopt_lessons.spot.checkpoint import latest, load
from mlopt_lessons.spot.strikes import Report, Strike
from mlopt_lessons.spot.supervisor import RunError, run

if not hasattr(os, "killpg"):
    pytest.skip("this system has no process groups", allow_module_level=True)

from forked_training import ForkedTraining

STEPS, EVERY = 120, 20
pytestmark = pytest.mark.timeout(120)


def arguments(folder: Path, *more: str) -> list[str]:
    return [str(folder), "--steps", str(STEPS), "--every", str(EVERY), "--seed", "3", *more]


def trained(folder: Path, strikes=(), *more: str) -> Report:
    return run(arguments(folder, *more), strikes, start=ForkedTraining)


@pytest.fixture(scope="module")
def calm(tmp_path_factory) -> Path:
    """The folder of a training that nobody disturbed."""
    folder = tmp_path_factory.mktemp("calm")
    report = trained(folder)
    assert report.exit_codes == [0]
    return folder


def final(folder: Path) -> dict:
    path = latest(folder)
    assert path is not None
    return load(path)


def result(folder: Path) -> dict:
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def mixed_strikes(seed: int) -> list[Strike]:
    """Two or three strikes: at a step or at a moment, with notice or without."""
    draws = np.random.default_rng(seed)
    strikes = []
    for number in range(draws.integers(2, 4)):
        notice = 5.0 * draws.integers(0, 2)
        if draws.integers(0, 2):
            step = int(draws.integers(35 * number + 2, 35 * number + 35))
            strikes.append(Strike(at_step=step, notice_s=notice))
        else:
            strikes.append(Strike(after_s=draws.uniform(0.0, 0.15), notice_s=notice))
    return strikes


def test_20_of_20_struck_trainings_end_bit_for_bit_as_the_calm_one(calm, tmp_path) -> None:
    wanted, preemptions, endings = final(calm), 0, set()
    for seed in range(20):
        folder = tmp_path / str(seed)
        report = trained(folder, mixed_strikes(seed))
        preemptions += report.preemptions
        endings |= {launch.ending for launch in report.launches}
        found = final(folder)
        assert found["losses"] == wanted["losses"]
        assert len(found["losses"]) == STEPS
        for name, weights in wanted["model"].items():
            assert torch.equal(found["model"][name], weights)
        for number, moments in wanted["optimizer"]["state"].items():
            for name in ("exp_avg", "exp_avg_sq", "step"):
                assert torch.equal(found["optimizer"]["state"][number][name], moments[name])
        assert result(folder) == result(calm)
    assert preemptions >= 30
    assert endings == {"finished", "ended on notice", "killed without notice"}


@pytest.mark.parametrize("part", ["optimizer", "rng", "schedule", "order"])
def test_each_part_that_is_forgotten_changes_the_losses(part, calm, tmp_path) -> None:
    report = trained(tmp_path, [Strike(at_step=20, notice_s=5)], "--forget", part)
    wanted, found = np.array(final(calm)["losses"]), np.array(final(tmp_path)["losses"])
    parted = int(np.flatnonzero(wanted != found)[0])
    assert report.preemptions == 1
    before = report.launches[0].last_step or 0
    assert before <= parted <= before + 3  # equal until the strike, not after it
    assert np.abs(wanted - found).max() > 0.02
    assert result(tmp_path)["digest"] != result(calm)["digest"]


def test_a_torn_checkpoint_costs_the_naive_training_everything(calm, tmp_path) -> None:
    trained(tmp_path / "naive", [Strike(at_step=70)], "--naive")
    (tmp_path / "again").mkdir()
    whole = (tmp_path / "naive" / "last.ckpt").read_bytes()
    (tmp_path / "again" / "last.ckpt").write_bytes(whole[: len(whole) // 2])
    report = trained(tmp_path / "again", (), "--naive")
    assert report.launches[0].first_step == 1
    assert result(tmp_path / "naive") == result(tmp_path / "again") == result(calm)


def test_the_command_itself_is_told_to_go_and_goes_on(calm, tmp_path) -> None:
    command = [sys.executable, "-m", "mlopt_lessons.spot.trainee", *arguments(tmp_path)]
    report = run(command, [Strike(at_step=20, notice_s=30)])
    assert report.exit_codes == [75, 0]
    first, second = report.launches
    assert first.last_step is not None
    assert second.first_step == first.last_step + 1
    assert result(tmp_path) == result(calm)


def test_a_folder_of_another_run_is_told(calm) -> None:
    with pytest.raises(RunError, match="The folder holds 120 steps with seed 3: choose another"):
        trained(calm, (), "--seed", "4")
    assert result(calm)["losses"] == final(calm)["losses"]
