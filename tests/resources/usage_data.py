"""Usage made by hand, and real machines' usage, absent on a learner's machine."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlopt_lessons.resources.usage import Request, Usage

TEN = Request(10, 10)
FOLDER = Path(__file__).parents[3] / "shared" / "data" / "usage"


def table(name: str) -> pd.DataFrame:
    file = FOLDER / f"bitbrains_rnd_2013-07_{name}.csv"
    if not file.exists():
        pytest.skip("The recorded usage is not beside this checkout.")
    return pd.read_csv(file)


def recorded(memory: str = "mem_max") -> list[Usage]:
    """47 real machines hourly; each was provided as its request says."""
    hourly, sizes = table("hourly_47vms"), table("47vms_requests").set_index("vm")
    return [
        Usage(
            f"vm-{vm}",
            rows.cpu_mean.to_numpy(),
            rows[memory].to_numpy(),
            3600.0,
            Request(float(sizes.cores[vm]), float(sizes.mem_gib[vm])),
            "recorded: bitbrains",
        )
        for vm, rows in hourly.groupby("vm")
    ]


def by_hand(cpu, memory, request=TEN, interval_s=3600.0, job="job") -> Usage:
    cpu, memory = np.asarray(cpu, float), np.asarray(memory, float)
    return Usage(job, cpu, memory, interval_s, request, "simulated: by hand")
