"""The labs of lesson 4: sliders bound to a computation and a picture."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from mlopt_lessons.course.controls import menu, slider
from mlopt_lessons.course.live import LiveFigure
from mlopt_lessons.gpu.explore_pick import PickView, RightSize, Setting
from mlopt_lessons.gpu.explore_share import LAB_INSTANCES, LAB_TASKS, ShareView, share_view
from mlopt_lessons.gpu.explore_watch import BELOW_PERCENT, IDLE_MINUTES, WatchExplorer, WatchView
from mlopt_lessons.gpu.lab_figures import PickPicture, SharePicture, WatchPicture
from mlopt_lessons.gpu.pool import TIME_SLICED, WAYS, Task
from mlopt_lessons.gpu.samples import Samples

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
DEADLINES_H = (0.5, 1.0, 3.0, 6.0, 12.0, 24.0, 72.0, 168.0, 720.0)
PRECISIONS = ("fp32", "tf32", "fp16", "bf16")
SAMPLES = 100e6  # 78 epochs of ImageNet's 1.28 million pictures
GIGABYTES = (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 72)
PARTS = tuple(percent / 100 for percent in range(5, 101, 5))


def pick_lab(right_size: RightSize | None = None) -> LiveFigure:
    """Lab (a): network, batch, precision and deadline against memory, hours, dollars, and the pick.

    Training is for 100 million samples, answering for as many. Hours are the roofline's band.
    """
    right_size = right_size or RightSize()

    def compute(
        network: str, batch: int, precision: str, deadline: float, training: bool
    ) -> PickView:
        return right_size.view(Setting(network, batch, precision, deadline, SAMPLES, training))

    networks = list(right_size.profiles)
    controls = {
        "network": menu(networks, "resnet50" if "resnet50" in networks else networks[0], "network"),
        "batch": slider(BATCHES, 64, "batch"),
        "precision": menu(PRECISIONS, "fp16", "precision"),
        "deadline": slider([(f"{hours:g} h", hours) for hours in DEADLINES_H], 72.0, "deadline"),
        "training": widgets.Checkbox(value=True, description="training"),
    }
    presets: dict[str, dict[str, Any]] = {
        "A small job": _job("resnet18", 64, "fp16", 168.0),
        "Out of memory": _job("gpt2_xl", 8, "fp32", 720.0),
        "In a hurry": _job("resnet50", 256, "fp16", 12.0),
        "One picture at a time": _job("resnet50", 1, "fp16", 720.0, training=False),
    }
    first = right_size.view(Setting(networks[0], 1, "fp32", 1.0, SAMPLES, False))
    picture = PickPicture(first.names, first.capacity_gb)
    return LiveFigure(picture, compute, controls, presets, title="Which GPU for the job?")


def _job(
    network: str, batch: int, precision: str, deadline: float, training: bool = True
) -> dict[str, Any]:
    return {"network": network, "batch": batch, "precision": precision, "deadline": deadline,
            "training": training}  # fmt: skip


def share_lab(tasks: Sequence[Task] = LAB_TASKS) -> LiveFigure:
    """Lab (b): eight jobs on as few GPUs as a way of sharing needs; one job can be changed."""

    def compute(job: str, memory: float, duty: float, way: str, gpu: str) -> ShareView:
        return share_view(job, memory, duty, None, way, gpu, tasks=tasks)

    first = tasks[1]
    controls = {
        "job": menu([task.name for task in tasks], first.name, "job"),
        "memory": slider(
            [(f"{each} GB", float(each)) for each in GIGABYTES], first.memory_gb, "its memory"
        ),
        "duty": slider(
            [(f"{100 * each:.0f} %", each) for each in PARTS], first.duty, "its compute"
        ),
        "way": widgets.ToggleButtons(options=WAYS, value=TIME_SLICED, description="shared"),
        "gpu": menu(list(LAB_INSTANCES), "A100-SXM4-80GB", "GPU"),
    }
    presets: dict[str, dict[str, Any]] = {
        "A GPU for each": {"way": WAYS[0]},
        "Taking turns": {"way": WAYS[1]},
        "Slices of their own": {"way": WAYS[2]},
        "The server grows": {"job": first.name, "memory": 64.0, "way": WAYS[1]},
    }
    picture = SharePicture([task.name for task in tasks])
    return LiveFigure(picture, compute, controls, presets, title="Who shares a GPU with whom?")


def watch_lab(logs: Sequence[Samples]) -> LiveFigure:
    """Lab (c): one GPU's log by three definitions of use, idle hours, and what they cost in a month."""
    explorer = WatchExplorer(logs)

    def compute(gpu: str, below: float, minutes: float) -> WatchView:
        return explorer.view(gpu, below, minutes)

    controls = {
        "gpu": menu(explorer.choices, explorer.choices[1], "GPU"),
        "below": slider([(f"{each:g} %", each) for each in BELOW_PERCENT], 5.0, "idle is below"),
        "minutes": menu([(f"{each:g} min", each) for each in IDLE_MINUTES], 30.0, "for at least"),
    }
    presets: dict[str, dict[str, Any]] = {
        "All GPUs": {"gpu": explorer.choices[0]},
        "Pauses of five minutes count": {"below": 5.0, "minutes": IDLE_MINUTES[0]},
        "Only long pauses": {"below": 1.0, "minutes": IDLE_MINUTES[-1]},
    }
    whole_month = 730 * explorer.view().price.usd_per_hour
    picture = WatchPicture(logs[0].hours, explorer.choices[1:], whole_month)
    return LiveFigure(picture, compute, controls, presets, title="Busy, or at work?")
