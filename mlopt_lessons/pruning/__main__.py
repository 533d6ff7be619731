"""Fine-tunes the shipped pruned GPTs again: `python -m mlopt_lessons.pruning --help`."""

from mlopt_lessons.pruning.gpt import main

main()
