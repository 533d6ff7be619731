"""What a late hand-in costs, by nbgrader's own setting of a plugin."""

from __future__ import annotations

import math
from typing import Any

from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Float, TraitError

from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.sentences import first_line

DAY_S = 86400


class PerDay(BasePlugin):
    """Takes `percent` of the score for each day begun after the due date, and at most all of it.

    Up to `grace_minutes` cost nothing; beyond them the days count from the due date. In a
    nbgrader_config.py: c.AssignLatePenalties.plugin_class = "mlopt_lessons.grading.late.PerDay".
    """

    percent = Float(10.0, min=0.0, max=100.0, help="Percent of the score for a day.").tag(
        config=True
    )
    grace_minutes = Float(0.0, min=0.0, help="Minutes that cost nothing.").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The points taken, or None where nothing is."""
        if total_seconds_late <= self.grace_minutes * 60:
            return None
        days = math.ceil(total_seconds_late / DAY_S)
        return min(score, score * days * self.percent / 100)


def chosen_plugin(app: Any) -> Any:
    """The plugin that the class's nbgrader_config.py names, or nbgrader's own.

    Raises GradingError where that cannot be used.
    """
    try:
        setting = AssignLatePenalties(parent=app)
        setting.init_plugin()
    except (TraitError, ImportError, AttributeError) as error:
        raise GradingError(
            f"The late penalty in nbgrader_config.py cannot be used: {first_line(error)}."
        ) from error
    return setting.plugin_inst


def penalty(plugin: Any, student: str, score: float, seconds_late: float) -> float | None:
    """The points taken from a score, from nothing to all of it, or None. Raises GradingError for NaN."""
    if seconds_late <= 0:
        return None
    taken = plugin.late_submission_penalty(student, score, seconds_late)
    if taken is None:
        return None
    if math.isnan(taken):
        raise GradingError(f"{type(plugin).__name__} gives no number as the penalty of {student}.")
    return float(min(max(taken, 0.0), max(score, 0.0)))
