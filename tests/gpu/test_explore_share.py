"""What lab (b) shows, against hand computation and the price table."""

import numpy as np
import pytest

from mlopt_lessons.gpu.explore_share import LAB_INSTANCES, LAB_TASKS, share_view, shared_gpu_price
from mlopt_lessons.gpu.pool import EXCLUSIVE, MIG, TIME_SLICED, WAYS

GPUS = ("A100-SXM4-80GB", "H100-SXM5-80GB", "A100-SXM4-40GB")


def test_prices_are_rows_of_the_table_divided_by_their_gpus():
    assert shared_gpu_price("T4").usd_per_hour == 0.526
    assert shared_gpu_price("A100-SXM4-80GB").usd_per_hour == pytest.approx(27.44705 / 8)
    assert shared_gpu_price("A100-SXM4-80GB").date == "2026-07-20"
    assert all(shared_gpu_price(name).usd_per_hour > 0 for name in LAB_INSTANCES)
    with pytest.raises(ValueError, match="no price for 'V100'"):
        shared_gpu_price("V100")


def test_story_eight_jobs_on_three_gpus():
    view = share_view()
    assert view.sharing.gpus == view.bound == 3  # duties add up to 2.08
    assert view.exclusive_usd_h == pytest.approx(27.44705)
    assert view.saved == pytest.approx(5 / 8)
    assert view.slowest == pytest.approx(1.05)
    idle = 27.44705 / 8 * (3 - sum(task.duty for task in LAB_TASKS) / 1.05)
    assert view.sharing.idle_usd_h == pytest.approx(idle)
    assert view.note == "3 GPUs (at least 3), $10.29 an hour, $3.50 of it idle; slowest job 1.05×"
    assert view.finding.startswith("time-sliced: 8 jobs on 3 GPUs")
    assert "62 % is saved" in view.finding


def test_exclusive_is_the_bill_itself():
    view = share_view(way=EXCLUSIVE)
    assert view.sharing.gpus == view.bound == 8
    assert view.saved == 0
    assert view.slowest == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("gpu", GPUS)
@pytest.mark.parametrize("load_limit", [1.0, 1.5, 3.0])
def test_bars_lie_on_one_another_and_within_a_gpu(way, gpu, load_limit):
    view = share_view(way=way, gpu=gpu, load_limit=load_limit)
    assert view.bottoms.shape == view.heights.shape == view.rooms.shape == (8, 2)
    assert (view.heights <= view.rooms + 1e-12).all()
    tops = view.bottoms + view.rooms
    assert (tops[:, 0] <= 1 + 1e-9).all()
    assert (tops[:, 1] <= load_limit + 1e-9).all()
    for number in range(view.sharing.gpus):
        there = np.flatnonzero(view.sharing.assignments == number)
        for column in range(2):
            order = there[np.argsort(view.bottoms[there, column], kind="stable")]
            ends, starts = tops[order[:-1], column], view.bottoms[order[1:], column]
            assert (starts >= ends - 1e-9).all()


def test_mig_bars_are_slices():
    view = share_view(way=MIG)
    for task, slice_ in enumerate(view.sharing.slices):
        assert view.bottoms[task, 0] == slice_.start / 8
        np.testing.assert_allclose(
            view.rooms[task], [slice_.profile.memory_gb / 80, slice_.profile.compute_slices / 7]
        )


def test_a_changed_job_changes_the_packing():
    more = share_view("notebook", memory_gb=79, duty=0.05)
    assert more.sharing.gpus == 4
    assert more.sharing.tasks[more.changed].memory_gb == 79
    assert more.sharing.tasks[more.changed].bandwidth == 0.03
    assert share_view("fine-tuning", duty=0.0, bandwidth=0.0).sharing.gpus == 2


def test_time_slices_warn_and_mig_does_not():
    assert "another then fails" in share_view(way=TIME_SLICED).finding
    assert "No job can take" in share_view(way=MIG).finding


def test_what_cannot_be_gets_a_sentence():
    with pytest.raises(ValueError, match="There is no job 'x'; choose one of fine-tuning"):
        share_view("x")
    with pytest.raises(ValueError, match="LLM serving needs 90 GB, more than the 80 GB"):
        share_view(memory_gb=90)
    with pytest.raises(ValueError, match="'L4' is not among the GPUs with MIG"):
        share_view(gpu="L4", way=MIG)
