"""Controls of the labs: a slider over given values, and a menu."""

from typing import Any

import ipywidgets as widgets


def slider(options: Any, value: Any, description: str) -> widgets.SelectionSlider:
    """A slider over values, or over pairs of a label and a value."""
    return widgets.SelectionSlider(options=options, value=value, description=description)


def menu(options: Any, value: Any, description: str) -> widgets.Dropdown:
    """A menu of values, or of pairs of a label and a value; for what a slider would not teach."""
    return widgets.Dropdown(options=options, value=value, description=description)
