"""One notebook in the browser: open, run, restart, and what went wrong on the way."""

import re
import time
from typing import Any

from lab_server import LabServer
from playwright.sync_api import ConsoleMessage, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

READY_MS = 90_000
RUN_SECONDS = 300.0
MENU_TRIES = 20
LAB = ".mlopt-lab"

# Neither says anything about the course. Each pattern names one message of one source, in full.
HARMLESS = ()

# The idle badge shows before the kernel's socket is open, and Run All is then lost.
_READY = """async () => {
  const widget = window.jupyterapp?.shell.currentWidget;
  const session = widget?.context?.sessionContext ?? widget?.sessionContext;
  if (!session) return false;
  await widget.context.ready;
  await session.ready;
  const kernel = session.session?.kernel;
  if (!kernel) return false;
  await kernel.info;
  return kernel.connectionStatus === 'connected';
}"""
# After the click the old connection still looks ready for a moment.
_NOTICE_RESTART = """() => {
  window.mloptRestarting = false;
  const session = window.jupyterapp.shell.currentWidget.sessionContext.session;
  session.kernel.statusChanged.connect((_, status) => {
    if (status === 'restarting') window.mloptRestarting = true;
  });
}"""
_ASK = """async (expression) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const request = kernel.requestExecute({code: '', user_expressions: {answer: expression}});
  const reply = await request.done;
  return reply.content.user_expressions.answer.data['text/plain'].slice(1, -1);
}"""
_CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .map((cell) => cell.model)
  .filter((model) => model.type === 'code' && model.sharedModel.getSource().trim())
  .map((model) => ({
    count: model.executionCount,
    running: model.executionState === 'running',
    source: model.sharedModel.getSource(),
    outputs: Array.from({length: model.outputs.length}, (_, i) => model.outputs.get(i).toJSON()),
  }))"""


class NotebookPage:
    """A notebook open in JupyterLab, and every error its page reported since."""

    def __init__(self, page: Page, server: LabServer, notebook: str) -> None:
        self.page = page
        self.notebook = notebook
        self.errors: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.goto(server.address(notebook))
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the kernel behind the notebook answers."""
        self.page.wait_for_function("() => !!window.jupyterapp", timeout=READY_MS)
        self.page.wait_for_function(_READY, timeout=READY_MS)

    def cells(self) -> list[dict[str, Any]]:
        """Return each code cell that has source: its count, source and outputs."""
        found: list[dict[str, Any]] = self.page.evaluate(_CELLS)
        return found

    def run_all(self) -> None:
        """Run every cell by the menu and wait until each has its number."""
        self.menu("Run", "Run All Cells")
        self.wait_until_run()

    def restart(self) -> None:
        """Restart the kernel by the menu; outputs stay as they are."""
        self.page.evaluate(_NOTICE_RESTART)
        self.menu("Kernel", re.compile("^Restart Kernel…"))
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        self.page.wait_for_function("() => window.mloptRestarting", timeout=READY_MS)
        self.wait_until_ready()

    def restart_and_run_all(self) -> None:
        """Restart the kernel, clear what the old one showed, and run every cell."""
        self.restart()
        self.menu("Edit", "Clear Outputs of All Cells")
        self.run_all()

    def menu(self, name: str, item: str | re.Pattern[str]) -> None:
        """Click one item of the menu bar; open the menu again until it offers the item.

        A menu opened before the notebook is the current widget names its items differently and
        stays as it is while it is open.
        """
        found = self.page.get_by_role("menuitem", name=item).first
        for _ in range(MENU_TRIES):
            self.page.get_by_role("menuitem", name=name, exact=True).click()
            try:
                found.click(timeout=1500)
            except PlaywrightTimeout:
                self.page.keyboard.press("Escape")
            else:
                return
        raise TimeoutError(f"The menu {name} never offered {item}.")

    def wait_until_run(self, seconds: float = RUN_SECONDS) -> None:
        """Wait until each code cell has a number; raise TimeoutError naming one that has none."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            waiting = [cell for cell in self.cells() if cell["count"] is None or cell["running"]]
            if not waiting:
                return
            if self._failed():
                break
            self.page.wait_for_timeout(200)
        raise TimeoutError(
            f"{self.notebook} did not run to its end; it stopped at:\n{waiting[0]['source']}\n"
            + "\n".join(self.bad_outputs())
        )

    def _failed(self) -> bool:
        return any(out["output_type"] == "error" for c in self.cells() for out in c["outputs"])

    def bad_outputs(self) -> list[str]:
        """Return what cells wrote to stderr or raised."""
        found = []
        for cell in self.cells():
            for output in cell["outputs"]:
                if output["output_type"] == "error":
                    found.append(f"{output['ename']}: {output['evalue']}")
                elif output.get("name") == "stderr":
                    found.append(f"stderr: {output['text']}")
        return found

    def execute(self, code: str) -> None:
        """Start code in the notebook's kernel, outside its cells, and do not wait for it."""
        self.page.evaluate(
            "(code) => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
            ".requestExecute({code}); }",
            code,
        )

    def ask(self, expression: str) -> str:
        """Return the value of an expression that gives a string, from the notebook's kernel."""
        answer: str = self.page.evaluate(_ASK, expression)
        return answer

    def labs(self) -> list[Locator]:
        """Return every live figure of the notebook, with its picture on the page."""
        found = self.page.locator(LAB)
        for lab in found.all():
            lab.scroll_into_view_if_needed()
            expect(lab.locator("img").first).to_be_visible()
        return found.all()

    def _hear(self, message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not any(re.fullmatch(each, text) for each in HARMLESS):
            self.errors.append(text)
