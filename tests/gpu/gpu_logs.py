"""Logs made by hand, and the published percentiles where they lie beside the checkout."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlopt_lessons.gpu.samples import SERIES, Samples

QUANTILES = Path(__file__).parents[3] / "shared/data/gpu/acme_utilisation_quantiles.csv"


def log(utilisation, time_s=None, gpu="gpu0 Tesla T4", origin="measured: test", **series):
    """A log with that utilisation, a reading a minute; what is not given is 1."""
    count = len(utilisation)
    values = {name: np.ones(count) for name in SERIES}
    values["time_s"] = np.arange(count) * 60.0 if time_s is None else np.array(time_s, float)
    values["utilisation"] = np.array(utilisation, float)
    values |= {name: np.array(value, float) for name, value in series.items()}
    return Samples(gpu, origin, **values)


def quantiles():
    """Percentiles 0 to 100 of the clusters, a row each, or the test is skipped."""
    if not QUANTILES.is_file():
        pytest.skip("The recorded percentiles are not beside this checkout.")
    return pd.read_csv(QUANTILES).set_index("percentile")
