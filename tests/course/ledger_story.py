"""A learner half-way through the course, by hand: what was predicted, shown, judged and answered."""

from mlopt_lessons.course import measured, quoted, reveal, simulated, verdict
from mlopt_lessons.course.store import Store

SPEEDS = {"MLP": 1.7, "CNN": 0.6, "GPT": 3.9}
SAVED = {"MLP": 3.0, "CNN": -1.0, "GPT": 12.0}
PREDICTED = {
    "quant-3/speed": (3.0, "×"),
    "spot-4/cost": (900.0, "$"),
    "prune-1/loss": (5.0, "points"),
    "quant-2/outlier": (200.0, "levels"),
}


def half_way(store: Store) -> None:
    """Two claims judged, one measured without a prediction, one prediction that is no claim's figure."""
    for id, (value, unit) in PREDICTED.items():
        store.save_prediction(id, value, unit)
    store.save_prediction("gpu-1/pick", "T4")
    reveal("quant-2/outlier", measured(12.5, "levels", "counted"))
    reveal("gpu-1/pick", simulated(3.2, "$ a job", "roofline", 0), right="A10G")
    for case, speed in SPEEDS.items():
        dollars = quoted(SAVED[case], "$ saved", "a price list", "2026-07-01")
        found = measured(speed, "×", "five runs")
        verdict("quant-3", found, of="speed", case=case, dollars=dollars)
    verdict("spot-4", simulated(931, "$", "a market", 7), of="cost", case="saved <hourly>")
    verdict("quant-1", measured(3.97, "×", "bytes on disk"), case="MLP")
