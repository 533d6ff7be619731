"""A JupyterLab of the tests' own: loopback only, its own settings, nothing fetched from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 90.0
# Off: the news and update checks (they ask the network) and their pop-ups over the page.
SETTINGS = {
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}
DISABLED = {"@jupyterlab/apputils-extension:announcements": True}


@dataclass(frozen=True)
class LabServer:
    """A running server: its address with the token, and the folder it serves."""

    url: str
    token: str
    folder: Path

    def address(self, notebook: str) -> str:
        """Return the address that opens one notebook in a fresh workspace of the page."""
        return f"{self.url}lab/tree/{notebook}?token={self.token}&reset"


@contextmanager
def serve(folder: Path, private: Path, *, theme: str = "JupyterLab Light") -> Iterator[LabServer]:
    """Run JupyterLab on `folder`, its own files under `private`; stop it and its kernels after.

    Raises RuntimeError with the server's last words when it does not start.
    """
    environment = _own_environment(private, theme)
    log = private / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            _command(folder),
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield _wait_until_up(process, private / "runtime", folder, log)
    finally:
        _stop(process)


def _command(folder: Path) -> list[str]:
    command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
    command += ["--LabApp.expose_app_in_browser=True", "--ServerApp.ip=127.0.0.1"]
    command += ["--ServerApp.port=0", f"--ServerApp.root_dir={folder}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def _own_environment(private: Path, theme: str) -> dict[str, str]:
    settings = private / "settings"
    chosen = {**SETTINGS, "apputils-extension/themes": {"theme": theme}}
    for name, values in chosen.items():
        file = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    page_config = private / "config" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True)
    page_config.write_text(json.dumps({"disabledExtensions": DISABLED}))
    programs = str(Path(sys.executable).parent)  # as in an activated environment
    own = {
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", "")]),
        "JUPYTER_CONFIG_DIR": private / "config",
        "JUPYTER_DATA_DIR": private / "data",
        "JUPYTER_RUNTIME_DIR": private / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": settings,
        "JUPYTERLAB_WORKSPACES_DIR": private / "workspaces",
        "IPYTHONDIR": private / "ipython",
        "MPLCONFIGDIR": private / "matplotlib",
    }
    return {**os.environ, "OMP_NUM_THREADS": "1", **{k: str(v) for k, v in own.items()}}


def _wait_until_up(
    process: subprocess.Popen[bytes], runtime: Path, folder: Path, log: Path
) -> LabServer:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            server = _read_server(file, folder)
            if server is not None:
                return server
        time.sleep(0.1)
    raise RuntimeError("JupyterLab did not start. Its last words:\n" + log.read_text()[-2000:])


def _read_server(file: Path, folder: Path) -> LabServer | None:
    try:
        info = json.loads(file.read_text())
    except json.JSONDecodeError:  # half written
        return None
    return LabServer(url=info["url"], token=info["token"], folder=folder)


def _stop(process: subprocess.Popen[bytes]) -> None:
    # Terminated, the server shuts its kernels down first.
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
