"""Grading a class: hand-ins in, a box around each, marks by a judge outside it, a report."""
