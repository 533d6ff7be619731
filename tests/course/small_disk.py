"""A small disk of its own, for tests of full and read-only disks."""

import subprocess
from pathlib import Path


class Disk:
    """A file system of 256 KiB, in memory, that can be filled and made read-only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path)]
        subprocess.run(command, check=True, capture_output=True)

    def read_only(self) -> None:
        self.mount("remount,ro")

    def fill(self) -> Path:
        """Fills the disk to the last byte with one file, and returns that file."""
        ballast = self.path / "ballast"
        with ballast.open("wb", buffering=0) as stream:
            try:
                while stream.write(bytes(4096)):
                    pass
            except OSError:
                return ballast
        raise AssertionError("the disk never got full")
