"""The two pages that nbgrader makes of a marked notebook: the formgrader's and the feedback."""

import nbformat
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension


def formgrade_exporter() -> HTMLExporter:
    """Configured as the formgrader does."""
    extension = FormgradeExtension.__new__(FormgradeExtension)
    FormgradeExtension.__init__(extension)
    return HTMLExporter(config=extension.build_extra_config())


def feedback_exporter() -> HTMLExporter:
    """Configured as `nbgrader generate_feedback` does."""
    return HTMLExporter(config=GenerateFeedback(coursedir=CourseDirectory()).config)


RESOURCES = {
    "formgrade": {
        "assignment_id": "a", "notebook_id": "n", "submission_id": "1", "index": 0, "total": 1,
        "base_url": "/base", "student": "s", "last_name": None, "first_name": None, "notebook_path": "p",
    },
    "feedback": {"nbgrader": {"notebook": "n", "score": 1, "max_score": 2, "late_penalty": 0}},
}  # fmt: skip
EXPORTERS = {"formgrade": formgrade_exporter(), "feedback": feedback_exporter()}
KINDS = tuple(EXPORTERS)


def page(kind: str, made: str) -> BeautifulSoup:
    """The page that nbgrader makes of a sheet, with the scores that it fills in itself."""
    notebook = nbformat.reads(made, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader |= {"score": 1, "comment": None}
    html, _ = EXPORTERS[kind].from_notebook_node(notebook, resources=dict(RESOURCES[kind]))
    return BeautifulSoup(html, "html.parser")
