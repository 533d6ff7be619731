"""Which exercise a notebook is of: by what it is told, by its path, or by the cells in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from mlopt_lessons.grading.handin import parse
from mlopt_lessons.grading.handin_merge import plain
from mlopt_lessons.grading.platforms import told_lesson
from mlopt_lessons.grading.records import GradingError, HandinProblem

ENOUGH = 0.5  # of an exercise's locked cells


class Lessons:
    """The exercises of a class, from the text of each one's release.

    `problems` says of the others why nothing can be taken in for them. Raises GradingError where
    `told` is no exercise, or one of the others.
    """

    def __init__(
        self, releases: Mapping[str, str], told: str | None, problems: Mapping[str, str]
    ) -> None:
        if told is not None and told not in releases:
            known = ", ".join(sorted(releases))
            raise GradingError(
                problems.get(told)
                or f"There is no exercise {told} in the class; there are: {known}."
            )
        self.told = told
        self.names = sorted({*releases, *problems})
        self.problems = problems
        self._locked = {name: _locked(text) for name, text in releases.items()}

    def of(self, path: str, raw: bytes) -> str:
        """The lesson of a notebook. Raises HandinProblem where it is no notebook, or none is sure."""
        shares = self.shares(raw)
        told = self.told or told_lesson(path, self.names)
        likely = [name for name in sorted(shares) if shares[name] >= ENOUGH]
        if told is None:
            return _best(likely, shares)
        if likely and told not in likely:
            raise HandinProblem(
                f"It should be {told}, and its cells are those of {' or '.join(likely)}; "
                "ask for the right notebook."
            )
        if problem := self.problems.get(told):
            raise HandinProblem(problem)
        return told

    def of_other(self, path: str) -> str:
        """The other lesson that a path tells where one is asked for; empty where it tells none."""
        found = told_lesson(path, self.names) if self.told else None
        return found if found and found != self.told else ""

    def shares(self, raw: bytes) -> dict[str, float]:
        """Of each lesson that was released, how much of its locked cells the notebook has, from 0 to 1.

        Raises HandinProblem where it is no notebook.
        """
        sources = {plain(cell.source) for cell in parse(raw)}
        return {
            name: len(locked & sources) / len(locked) if locked else 0.0
            for name, locked in self._locked.items()
        }


def _best(likely: Sequence[str], shares: Mapping[str, float]) -> str:
    if not likely:
        raise HandinProblem(
            "Neither its name nor its cells tell which exercise it is; call it by one, "
            "or give --lesson."
        )
    best = [name for name in likely if shares[name] == max(shares.values())]
    if len(best) > 1:
        raise HandinProblem(f"It could be {' or '.join(best)}; call it by one, or give --lesson.")
    return best[0]


def _locked(release: str) -> frozenset[str]:
    """The cells that a learner may not change, by their text; some tools drop the metadata."""
    cells = json.loads(release)["cells"]
    locked = (cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("locked"))
    return frozenset(plain("".join(cell["source"])) for cell in locked)
