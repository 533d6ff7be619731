"""What predictions and quizzes share: a widget card that a saved notebook shows as plain text too."""

from html import escape
from typing import Any

import ipywidgets as widgets

from mlopt_lessons.course.markup import markup


class Card:
    """A widget with a still version: `still_text` and `still_html` are shown where no kernel runs."""

    widget: widgets.Widget
    still_text: str
    still_html: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        return {
            "text/plain": self.still_text,
            "text/html": markup(self.still_html),
            "application/vnd.jupyter.widget-view+json": view,
        }


def paragraph(text: str, *, strong: bool = False, alert: bool = False) -> str:
    """Text as an HTML paragraph; an alert is read aloud at once by a screen reader."""
    body = f"<b>{escape(text)}</b>" if strong else escape(text)
    role = ' role="alert"' if alert else ""
    return f'<p{role} style="margin:.2em 0;max-width:46em;line-height:1.4">{body}</p>'


def line(text: str = "", *, strong: bool = False, alert: bool = False) -> widgets.HTML:
    """The same paragraph as a widget."""
    return widgets.HTML(paragraph(text, strong=strong, alert=alert) if text else "")


def card(rows: list[widgets.Widget], css_class: str) -> widgets.VBox:
    """Rows in a box with a border that shows on light and dark themes."""
    box = widgets.VBox(
        rows, layout=widgets.Layout(border_left="4px solid #56B4E9", padding="4px 12px")
    )
    box.add_class(css_class)
    return box
