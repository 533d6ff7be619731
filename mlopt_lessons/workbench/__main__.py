"""Trains the shipped models again: `python -m mlopt_lessons.workbench --help`."""

from mlopt_lessons.workbench.training import main

main()
