"""A picture that follows its sliders: compute, redraw what changed, show it as a PNG.

A whole matplotlib figure takes longer to draw than a hand takes to move a slider. So the parts
that never change are drawn once and kept as a background; each move draws only the picture's
`artists` on top (blitting) and puts the PNG into one `ipywidgets.Image` that stays where it is.

A move is drawn at once, in the callback that brings it: until that is done, the browser holds the
slider's later values back and then sends the newest alone. JupyterLab runs most callbacks in a thread
beside the cells'; a lock keeps each drawing whole, and the thread that draws takes in what changes
meanwhile.
"""

import html
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from traitlets import TraitError, Unicode

from . import look


class Picture(Protocol):
    """A figure that can be set from a result.

    `artists` are those that change, titles and texts included. A picture that moves its axes'
    limits sets `full_redraw = True` in `update`; the next drawing then redraws everything and
    resets it.
    """

    figure: Figure

    @property
    def artists(self) -> Sequence[Artist]: ...

    def update(self, result: Any) -> str:
        """Set the artists from a result; return the finding in a sentence (the alt text)."""
        ...


class Painter:
    """Draws a picture's changed artists over a cached background of everything else."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.canvas = look.canvas_of(picture.figure)
        self._background: Any = None

    def paint(self) -> bytes:
        """Draw the picture as it stands and return its PNG."""
        if self._background is None or getattr(self.picture, "full_redraw", False):
            self._draw_background()
        else:
            self.canvas.restore_region(self._background)
        for artist in sorted(self.picture.artists, key=lambda each: each.get_zorder()):
            self.picture.figure.draw_artist(artist)
        return look.encode_png(self.canvas)

    def _draw_background(self) -> None:
        for artist in self.picture.artists:
            artist.set_animated(True)
        self.canvas.draw()
        self._background = self.canvas.copy_from_bbox(self.picture.figure.bbox)
        if getattr(self.picture, "full_redraw", False):
            self.picture.full_redraw = False  # type: ignore[attr-defined]


class DescribedImage(widgets.Image):
    """An image whose tooltip is its accessible name.

    ipywidgets' Image has no alt text, and its view fails on a tooltip for want of a description:
    the front end asks for the length of that field, which only other widgets have.
    """

    description = Unicode("").tag(sync=True)


class LiveFigure:
    """Sliders above a picture that follows them.

    `compute` is called with the controls' values by name; `picture.update` takes what it returns.
    Changes that arrive while a picture is drawn collapse into the newest. A ValueError or
    TypeError from either shows as its sentence and the last good picture stays; any other error
    shows too, and is raised. `presets` maps a button's label to values of controls, set together.
    The first drawing happens here, so a lab that cannot start raises at once.

    Raises ValueError for a preset that names a control that is not there.
    """

    def __init__(
        self,
        picture: Picture,
        compute: Callable[..., Any],
        controls: Mapping[str, widgets.Widget],
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        title: str = "",
    ) -> None:
        self.picture = picture
        self.compute = compute
        self.controls = dict(controls)
        self.presets = {label: dict(values) for label, values in (presets or {}).items()}
        self._check_presets()
        self.alt = ""
        self.error = ""
        self.drawings = 0
        self._painter = Painter(picture)
        self._lock = threading.Lock()
        self._pending = False
        self._holding = False
        self.png = self._draw()
        self.image = self._make_image()
        self.message = widgets.HTML(_sentence(self.alt))
        self.widget = self._lay_out(title)
        for control in self.controls.values():
            control.observe(self._changed, names="value")

    def set(self, **values: Any) -> None:
        """Set several controls and redraw once. Raises ValueError for an unknown name or value."""
        self._check_names(values, "This lab")
        self._holding = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        except TraitError as error:
            raise ValueError(f"{name} cannot be {value!r}: {error}") from error
        finally:
            self._holding = False
        self._draw_unless_drawing()

    def flush(self) -> None:
        """Wait for a drawing in another thread, and draw what still waits to be drawn."""
        with self._lock:
            self._draw_waiting()
        self._draw_unless_drawing()

    def _draw_unless_drawing(self) -> None:
        # Asked again after the release: a change may come between the last drawing and the release.
        while self._pending and self._lock.acquire(blocking=False):
            try:
                self._draw_waiting()
            finally:
                self._lock.release()

    def _draw_waiting(self) -> None:
        while self._pending:
            self._pending = False
            self._follow()

    def _changed(self, _change: object) -> None:
        self._pending = True
        if not self._holding:
            self._draw_unless_drawing()

    def _follow(self) -> None:
        try:
            self.png = self._draw()
        except (ValueError, TypeError) as error:
            self._fail(str(error))
        except Exception as error:
            self._fail(f"{type(error).__name__}: {error}")
            raise
        else:
            self.error = ""
            with self.image.hold_sync():
                self.image.value = self.png
                self.image.tooltip = self.alt
            self.message.value = _sentence(self.alt)

    def _draw(self) -> bytes:
        values = {name: control.value for name, control in self.controls.items()}
        alt = self.picture.update(self.compute(**values))
        png = self._painter.paint()
        self.alt, self.drawings = alt, self.drawings + 1
        return png

    def _fail(self, sentence: str) -> None:
        self.error = sentence
        self.message.value = _sentence(sentence, failed=True)

    def _check_presets(self) -> None:
        for label, values in self.presets.items():
            self._check_names(values, f"The preset {label!r}")

    def _check_names(self, values: Mapping[str, Any], who: str) -> None:
        unknown = sorted(set(values) - set(self.controls))
        if unknown:
            known = ", ".join(sorted(self.controls))
            raise ValueError(f"{who} has no control named {', '.join(unknown)}; it has {known}.")

    def _make_image(self) -> DescribedImage:
        width, height = self._painter.canvas.get_width_height()
        layout = widgets.Layout(align_self="flex-start", max_width="100%")
        return DescribedImage(
            value=self.png,
            format="png",
            width=width,
            height=height,
            tooltip=self.alt,
            layout=layout,
        )

    def _lay_out(self, title: str) -> widgets.VBox:
        for control in self.controls.values():
            control.style.description_width = "initial"
            if isinstance(
                control, widgets.ToggleButtons
            ):  # wide by default, for one short word each
                control.layout.width = "max-content"
                control.style.button_width = "auto"
        flow = widgets.Layout(flex_flow="row wrap", align_items="flex-end", grid_gap="2px 16px")
        rows: list[widgets.Widget] = []
        if title:
            rows.append(widgets.HTML(f"<b>{html.escape(title)}</b>"))
        if self.presets:
            rows.append(widgets.Box([self._button(label) for label in self.presets], layout=flow))
        rows.append(widgets.Box(list(self.controls.values()), layout=flow))
        lab = widgets.VBox([*rows, self.image, self.message])
        lab.add_class("mlopt-lab")
        return lab

    def _button(self, label: str) -> widgets.Button:
        button = widgets.Button(description=label, layout=widgets.Layout(width="auto"))
        button.on_click(lambda _button: self.set(**self.presets[label]))
        return button

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """Return the live widget, and beside it the still picture that a saved notebook shows."""
        self.flush()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        return {
            **look.bundle(self.png, self.alt),
            "application/vnd.jupyter.widget-view+json": view,
        }


def _sentence(text: str, *, failed: bool = False) -> str:
    role, colour = ("alert", "var(--jp-error-color1, #B00020)") if failed else ("status", "inherit")
    return (
        f'<p role="{role}" style="margin:0;line-height:1.4;color:{colour}">{html.escape(text)}</p>'
    )
