"""nbgrader for this course: solutions/ is its source, exercises/ its release, and a box its grader.

Where this file fails, nbgrader goes on without any of it. nbgrader_config.json therefore says again
that hand-ins are graded in boxes; keep the two together.
"""

from pathlib import Path

c = get_config()  # noqa: F821 (nbgrader provides it)
c.Autograde.exporter_class = "mlopt_lessons.grading.nbgrader_plugin.BoxExporter"
c.Autograde.sanitize_preprocessors = []
c.Autograde.autograde_preprocessors = []
c.CourseDirectory.course_id = "mlopt-lessons"
c.CourseDirectory.root = str(Path(__file__).parent)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.ignore = ["judge.py", ".ipynb_checkpoints", "*.pyc", "__pycache__"]
c.ClearSolutions.code_stub = {"python": "...  # your code here"}
c.ClearSolutions.text_stub = "Your answer here."
c.ExecutePreprocessor.timeout = 120
