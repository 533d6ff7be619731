"""The pictures and the labs of lesson 4 show the numbers they are given."""

import numpy as np
import pytest

from mlopt_lessons.gpu import (
    MIG,
    PUBLISHED_ERRORS,
    T4_AGAINST_V100,
    RightSize,
    Setting,
    find_idle,
    generate_cluster,
    layouts,
    published_efficiency,
)
from mlopt_lessons.gpu import figures as pictures
from mlopt_lessons.gpu.explore_share import share_view
from mlopt_lessons.gpu.lab import pick_lab, share_lab, watch_lab

LOGS = generate_cluster(6, 2, 0, parked=1).logs


def axis_of(lab, label):
    return next(each for each in lab.picture.figure.axes if each.get_xlabel().startswith(label))


def test_slowdowns_are_the_published_ones():
    axis = pictures.slowdowns(T4_AGAINST_V100, 5.8).axes[0]
    fp32, fp16 = axis.lines[:2]
    for line, precision in ((fp32, "fp32"), (fp16, "fp16")):
        rows = [each for each in T4_AGAINST_V100 if each.precision == precision]
        np.testing.assert_allclose(line.get_ydata(), [(r.least + r.most) / 2 for r in rows])
    assert axis.lines[2].get_ydata()[0] == 5.8


def test_memory_bars_are_stacked_to_the_sum():
    axis = pictures.memory({"a": {"weights": 1.0, "overhead": 2.0}, "b": {"weights": 3.0}}).axes[0]
    weights, overhead = axis.containers[:2]
    assert [bar.get_width() for bar in weights] == [1, 3]
    assert [(bar.get_x(), bar.get_width()) for bar in overhead] == [(1, 2), (3, 0)]
    assert [text.get_text() for text in axis.texts] == ["3.0 GB", "3.0 GB"]


def test_errors_and_efficiencies_are_in_percent():
    axis = pictures.scaling(PUBLISHED_ERRORS).axes[0]
    medians = [bar.get_width() for bar in axis.containers[0]]
    np.testing.assert_allclose(medians, [100 * each.median for each in PUBLISHED_ERRORS.values()])
    seren = published_efficiency("Seren")
    axis = pictures.efficiencies({"Seren": seren}).axes[0]
    drawn = [container[0].get_width() for container in axis.containers]
    np.testing.assert_allclose(drawn, [seren.utilisation, seren.sm_active, seren.occupancy])


def test_slices_fill_the_memory_that_they_take():
    ways = layouts("A100-SXM4-80GB", double_memory=False)
    axis = pictures.mig_layouts(ways).axes[0]
    assert len(axis.patches) == sum(len(way) for way in ways)
    assert max(bar.get_x() + bar.get_width() for bar in axis.patches) == 8


def test_dollars_are_grey_out_of_memory_and_red_when_late():
    table = RightSize().view(Setting("resnet50", 256, "fp16", 24.0, 100e6)).choice.table
    axis = pictures.dollars(table).axes[0]
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    np.testing.assert_allclose([dot.get_xdata()[0] for dot in dots], table["usd"])
    colours = {dot.get_color() for dot in dots}
    assert len(colours) == len(table[["fits", "in_time"]].drop_duplicates())


def test_the_pick_lab_draws_need_capacity_and_the_pick():
    lab = pick_lab()
    lab.set(**lab.presets["Out of memory"])
    view = RightSize().view(Setting("gpt2_xl", 8, "fp32", 720.0, 100e6, training=True))
    memory = axis_of(lab, "GB")
    assert memory.patches[-1].get_data().values[0] == pytest.approx(view.needs_gb)
    crosses = next(line for line in memory.lines if line.get_marker() == "X")
    assert list(crosses.get_ydata()) == [k for k, full in enumerate(view.out_of_memory) if full]
    assert lab.alt == view.finding
    lab.set(**lab.presets["A small job"])
    best = next(line for line in axis_of(lab, "dollars").lines if line.get_marker() == "D")
    view = RightSize().view(Setting("resnet18", 64, "fp16", 168.0, 100e6, training=True))
    assert best.get_xdata()[0] == pytest.approx(view.best.usd.middle)
    assert best.get_ydata()[0] == view.names.index(view.best.name)


def test_the_share_lab_stacks_jobs_on_their_gpus():
    lab = share_lab()
    lab.set(job="LLM serving", memory=40.0, duty=0.5, way=MIG)
    view = share_view("LLM serving", 40.0, 0.5, way=MIG)
    boxes = lab.picture.figure.axes[0].patches[-2 * len(view.sharing.tasks) :]
    memory = [box for box in boxes if not box.get_hatch()]
    np.testing.assert_allclose([box.get_height() for box in memory], 100 * view.heights[:, 0])
    np.testing.assert_allclose([box.get_y() for box in memory], 100 * view.bottoms[:, 0])
    np.testing.assert_allclose([box.get_x() + 0.38 for box in memory], view.sharing.assignments)
    lab.set(gpu="T4", way="time-sliced")
    assert "more than the 16 GB of one T4" in lab.error


def test_the_watch_lab_draws_waste_and_idle_dollars():
    lab = watch_lab(LOGS)
    lab.set(gpu=lab.controls["gpu"].options[2], below=10.0, minutes=10.0)
    idle = find_idle(LOGS, 10.0, 10.0)
    bars = axis_of(lab, "GPU").patches
    shares = np.array([bar.get_height() for bar in bars])
    np.testing.assert_allclose(
        shares / shares.max(), [each.share / max(e.share for e in idle) for each in idle]
    )
    utilised = axis_of(lab, "wasted").patches[0].get_width()
    assert utilised == pytest.approx(100 - LOGS[1].utilisation.mean(), abs=0.1)
    seen = {lab.alt}
    for change in ({"below": 50.0}, {"minutes": 240.0}, {"gpu": "all GPUs"}):
        lab.set(**change)
        assert lab.error == ""
        assert lab.alt not in seen
        seen.add(lab.alt)
