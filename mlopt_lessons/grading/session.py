"""A conversation with the code of one hand-in, which runs in a box; whatever comes back is checked."""

from __future__ import annotations

import base64
import math
import os
import re
import secrets
import select
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, cast

from mlopt_lessons.grading.box import Box
from mlopt_lessons.grading.marking import BoxLost, CallFailed, NoValue
from mlopt_lessons.grading.notes import TOO_SLOW
from mlopt_lessons.grading.records import CellRun, Limits, Output
from mlopt_lessons.grading.wire import (
    MOST_OUTPUTS,
    PICTURES,
    WireError,
    decode,
    encode,
    parse,
    read_body,
    write_frame,
)

GRACE_S = 2.0  # after the code was told to stop, until the box is ended
REPLIES = 8  # so many times the largest reply may come in all
LONGEST_ERROR, LONGEST_NAME = 200, 60
PNG = b"\x89PNG\r\n\x1a\n"
UNUSABLE = "The result cannot be used: “{}”"
OUT_OF_TURN = "It sent something that it was not asked for."
SLACK = 1000
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
MEGABYTE = 1_000_000


class Session:
    """A hand-in's code in a box of its own, from `with` to the end of it; nothing is left running.

    `files` are put beside it by name. Every method raises BoxLost, with a sentence that says why,
    where the box has ended or does not keep to the protocol, and after `deadline` (of
    time.monotonic), which many sessions may share.
    """

    def __init__(
        self,
        box: Box,
        limits: Limits,
        files: Mapping[str, bytes],
        *,
        deadline: float = math.inf,
    ) -> None:
        self.limits = limits
        self.deadline = min(deadline, time.monotonic() + limits.wall_s)
        self._bytes_left = REPLIES * limits.reply_mb * MEGABYTE
        self._too_slow: set[str] = set()
        self._slow = TOO_SLOW.format(limits.cell_s)
        self._lost = ""
        self._process = box.start(limits)
        os.set_blocking(self._process.stdin.fileno(), False)  # it may never read what it is sent
        try:
            for name, content in files.items():
                self._ask("file", name=name, data=base64.b64encode(content).decode("ascii"))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, source: str) -> CellRun:
        """Runs a cell, and returns what it showed, cut off at the limits."""
        reply = self._ask("run", source=source)
        if failed := self._failed(reply, ""):
            return CellRun(False, (Output("error", str(failed)),))
        outputs = reply.get("outputs")
        if not isinstance(outputs, list) or not isinstance(reply.get("ok"), bool):
            raise self._lose(OUT_OF_TURN)
        return CellRun(reply["ok"], self._outputs(outputs))

    def value(self, name: str) -> Any:
        """The value of a name, as plain data. Raises NoValue where it has none."""
        return self._value(self._ask("value", name=_identifier(name)), f"There is no {name}")

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        """What the function of this name returns, as plain data.

        Raises CallFailed where it raises: a subclass with the name of the learner's exception; and
        NoValue where it returns nothing that can be used, or is too slow: then it is not called again.
        """
        if name in self._too_slow:
            raise NoValue(self._slow)
        reply = self._ask("call", name=_identifier(name), args=encode(list(args)))
        if reply.get("stopped") is True:
            self._too_slow.add(name)
        return self._value(reply, f"There is no function {name}")

    def close(self) -> None:
        """Ends every process of the box."""
        self._process.kill()

    def _ask(self, do: str, **rest: Any) -> dict[str, Any]:
        """One request and its reply."""
        if self._lost:
            raise BoxLost(self._lost)
        nonce = secrets.token_hex(16)
        try:
            reply = parse(self._exchange({"id": nonce, "do": do} | rest))
        except TimeoutError:
            raise self._lose(self._late()) from None
        except WireError as error:
            raise self._lose(str(error)) from None
        except (EOFError, OSError):
            raise self._lose(self._process.why()) from None
        if not isinstance(reply, dict) or reply.pop("id", None) != nonce:
            raise self._lose(OUT_OF_TURN)
        return reply

    def _exchange(self, request: dict[str, Any]) -> bytearray:
        now = time.monotonic()
        if now >= self.deadline:
            raise TimeoutError
        until = min(self.deadline, now + self.limits.cell_s + GRACE_S)
        replies = self._process.stdout.fileno()
        if _has_input(replies):
            raise WireError(OUT_OF_TURN)
        write_frame(self._process.stdin.fileno(), request, until)
        limit = min(self.limits.reply_mb * MEGABYTE, self._bytes_left)
        body = read_body(replies, limit, until)
        self._bytes_left -= len(body)
        return body

    def _value(self, reply: dict[str, Any], missing: str) -> Any:
        if failed := self._failed(reply, missing):
            raise failed
        if "value" not in reply:
            raise self._lose(OUT_OF_TURN)
        try:
            return decode(reply["value"])
        except WireError as error:
            raise self._lose(str(error)) from None

    def _failed(self, reply: dict[str, Any], missing: str) -> CallFailed | None:
        """Why a reply holds no value, if it says so. What it says may all be lies.

        Sentences of the grader's own are made here, and what is said in the box is quoted.
        """
        if reply.get("stopped") is True:
            return NoValue(self._slow)
        if reply.get("missing") is True and missing:
            return NoValue(f"{missing}: its cell is missing or failed.")
        if "unusable" in reply:
            return NoValue(UNUSABLE.format(self._said(reply["unusable"])))
        return self._raised(reply["error"]) if "error" in reply else None

    def _raised(self, error: Any) -> CallFailed:
        """The learner's exception, by name and text."""
        if not (isinstance(error, list) and len(error) == 2):
            raise self._lose(OUT_OF_TURN)
        name, said = map(self._said, error)
        if not (name.isidentifier() and len(name) <= LONGEST_NAME):
            name = "Exception"
        # The check in the notebook knows this one: the task is not filled in yet.
        more = (NotImplementedError,) if name == "NotImplementedError" else ()
        return type(name, (CallFailed, *more), {})(said)

    def _said(self, text: Any) -> str:
        if not isinstance(text, str):
            raise self._lose(OUT_OF_TURN)
        return _clean(text)[:LONGEST_ERROR].replace("“", '"').replace("”", '"')

    def _outputs(self, items: list[Any]) -> tuple[Output, ...]:
        """What a cell showed, within the limits whatever was sent."""
        text_left = self.limits.output_kb * 1000 + SLACK
        picture_left = self.limits.output_kb * 1000 * PICTURES
        outputs = []
        for item in items[:MOST_OUTPUTS]:
            if not (isinstance(item, list) and len(item) == 2 and _are_text(item)):
                raise self._lose(OUT_OF_TURN)
            output = _output(item[0], item[1], text_left, picture_left)
            if output:
                text_left -= len(output.text)
                picture_left -= len(output.png)
                outputs.append(output)
        return tuple(outputs)

    def _late(self) -> str:
        if time.monotonic() >= self.deadline:
            return f"It took more than {self.limits.wall_s:g} s in all."
        return f"It took more than {self.limits.cell_s:g} s and could not be interrupted."

    def _lose(self, why: str) -> BoxLost:
        """Ends the box, which can be asked nothing any more."""
        self._lost = why
        self.close()
        return BoxLost(why)


def _output(kind: str, said: str, text_left: int, picture_left: int) -> Output | None:
    """One output, or None where it is nothing that can be shown."""
    if kind in ("stream", "result", "error"):
        clean = _clean(said[:text_left])
        return Output(cast(Any, kind), clean) if clean else None
    if kind != "png" or len(said) > picture_left:
        return None
    try:
        png = base64.b64decode(said.strip(), validate=True)
    except ValueError:
        return None
    return Output("png", png=png) if png.startswith(PNG) else None


def _identifier(name: str) -> str:
    """The name, where it is one: nothing else ever reaches the box as a name."""
    if not name.isidentifier():
        raise ValueError(f"{name!r} is not the name of a value.")
    return name


def _are_text(parts: list[Any]) -> bool:
    return all(isinstance(part, str) for part in parts)


def _clean(said: str) -> str:
    """Text without colours, control characters and what no encoding can hold."""
    return _CONTROL.sub("", said.encode("utf-8", "replace").decode("utf-8"))


def _has_input(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(event & select.POLLIN for _, event in poll.poll(0))
