"""Trains the shipped GPT again: `python -m mlopt_lessons.workbench.language --help`."""

from mlopt_lessons.workbench.language.train import main

main()
