"""One of several options: long texts wrap, and a keyboard reaches each."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import traitlets

# ipywidgets gives each radio button one line of fixed height; a longer text runs into the next one.
STYLE = """<style>
.mlopt-choice .widget-radio, .mlopt-choice .widget-radio-box { width: 100%; height: auto; }
.mlopt-choice .widget-radio-box label {
  display: flex; gap: .5em; align-items: baseline;
  width: auto; height: auto; line-height: 1.4; white-space: normal; overflow: visible;
}
.mlopt-choice .widget-radio-box input { flex: none; margin: 0; width: auto; height: auto; align-self: center; }
</style>"""


class Choice(widgets.VBox):
    """Radio buttons of which at most one is chosen; `value` is that option's value, or None.

    Each is a widget of its own: within a group the arrow keys would move, and JupyterLab takes those to
    go to another cell. Here Tab moves and Space chooses. Setting `value` raises TraitError for a value
    that is no option.
    """

    value: Any = traitlets.Any(None, allow_none=True)
    disabled: Any = traitlets.Bool(False)

    def __init__(self, options: Sequence[tuple[str, Any]]) -> None:
        self.options = tuple(options)
        self._buttons = {
            value: widgets.RadioButtons(
                options=[(text, value)], value=None, layout=widgets.Layout(width="auto")
            )
            for text, value in self.options
        }
        super().__init__([widgets.HTML(STYLE), *self._buttons.values()])
        self.add_class("mlopt-choice")
        for button in self._buttons.values():
            button.observe(self._chosen, names="value")

    def _chosen(self, change: dict[str, Any]) -> None:
        if change["new"] is not None:
            self.value = change["new"]

    @traitlets.validate("value")
    def _is_option(self, proposal: dict[str, Any]) -> Any:
        if proposal["value"] is not None and proposal["value"] not in self._buttons:
            raise traitlets.TraitError(f"{proposal['value']!r} is not one of the options.")
        return proposal["value"]

    @traitlets.observe("value")
    def _show_value(self, change: dict[str, Any]) -> None:
        for value, button in self._buttons.items():
            button.value = value if value == change["new"] else None

    @traitlets.observe("disabled")
    def _show_disabled(self, change: dict[str, Any]) -> None:
        for button in self._buttons.values():
            button.disabled = change["new"]
