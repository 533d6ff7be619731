"""JSON from strangers, of which only the wanted parts are kept: the rest is checked and skipped.

A parser that builds everything needs twenty times the file's size for a file of small lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from json import JSONDecoder
from typing import Any, TypeAlias

from mlopt_lessons.grading.records import HandinProblem

MOST_VALUES = 1_000_000  # a figure with as many points is drawn by hardly any notebook
MOST_KEPT = 20_000  # objects of which something is wanted
MOST_DEPTH = 60
NOT_JSON = "It is not a notebook, its JSON is broken; ask for the file that Jupyter saved."
TOO_MUCH = "Its outputs hold too much; ask for it again with all outputs cleared."

# What is wanted of a value: of an object some keys, of a list all items; {} wants text alone.
Want: TypeAlias = Mapping[str, Any] | Sequence[Any] | None
_SPACE = re.compile(r"[ \t\n\r]*")
_AFTER = re.compile(r"[ \t\n\r]*([,\]}])")
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"true|false|null|NaN|-?Infinity")  # the last two are Python's own JSON
_MOST_DIGITS = 9
_text = JSONDecoder().raw_decode  # of (text, place of a quotation mark): the text, and its end


def wanted(text: str, want: Want) -> Any:
    """The wanted parts of a JSON text; a number of up to nine digits is kept, any other is None.

    Raises HandinProblem where the text is not JSON, has a wanted key twice, or holds more values
    or deeper lists than a notebook does.
    """
    reader = _Reader(text)
    try:
        found, at = reader.value(_spaced(text, 0), want, 0)
    except ValueError as error:  # from the standard library's reader of strings
        raise HandinProblem(NOT_JSON) from error
    if _spaced(text, at) != len(text):
        raise HandinProblem(NOT_JSON)
    return found


def _spaced(text: str, at: int) -> int:
    """The place after white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


class _Reader:
    """Each method takes the place where a value begins, and gives what is kept and the place after."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.count = 0
        self.kept = 0

    def value(self, at: int, want: Want, depth: int) -> tuple[Any, int]:
        self.count += 1
        if self.count > MOST_VALUES or depth > MOST_DEPTH:
            raise HandinProblem(TOO_MUCH)
        first = self.text[at : at + 1]
        if first == '"':
            found, end = _text(self.text, at)
            return (found if want is not None else None), end
        if first == "{":
            return self._object(at + 1, want if isinstance(want, Mapping) else None, depth)
        if first == "[":
            return self._list(at + 1, None if isinstance(want, Mapping) else want, depth)
        return self._scalar(at)

    def _object(
        self, at: int, want: Mapping[str, Any] | None, depth: int
    ) -> tuple[dict[str, Any] | None, int]:
        kept: dict[str, Any] = {}
        self.kept += want is not None
        if self.kept > MOST_KEPT:
            raise HandinProblem(TOO_MUCH)
        at = _spaced(self.text, at)
        more = self.text[at : at + 1] != "}"
        while more:
            key, at = self._key(at)
            part = want.get(key) if want is not None else None
            if key in kept:
                raise HandinProblem(NOT_JSON)
            value, at = self.value(at, part, depth + 1)
            if part is not None:
                kept[key] = value
            more, at = self._more(at, "}")
        return (kept if want is not None else None), at + 1

    def _list(
        self, at: int, want: Sequence[Any] | None, depth: int
    ) -> tuple[list[Any] | None, int]:
        kept: list[Any] = []
        part = want[0] if want is not None else None
        at = _spaced(self.text, at)
        more = self.text[at : at + 1] != "]"
        while more:
            value, at = self.value(at, part, depth + 1)
            if part is not None:
                kept.append(value)
            more, at = self._more(at, "]")
        return (kept if want is not None else None), at + 1

    def _key(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] != '"':
            raise HandinProblem(NOT_JSON)
        key, at = _text(self.text, at)
        colon = _COLON.match(self.text, at)
        if colon is None:
            raise HandinProblem(NOT_JSON)
        return key, colon.end()

    def _more(self, at: int, closing: str) -> tuple[bool, int]:
        """Whether another item follows: its place, or that of the closing bracket."""
        found = _AFTER.match(self.text, at)
        if found is None or found[1] not in (",", closing):
            raise HandinProblem(NOT_JSON)
        if found[1] == closing:
            return False, found.end() - 1
        return True, _spaced(self.text, found.end())

    def _scalar(self, at: int) -> tuple[int | None, int]:
        found = _WORD.match(self.text, at) or _NUMBER.match(self.text, at)
        if found is None:
            raise HandinProblem(NOT_JSON)
        digits = found[0] if found.end() - at <= _MOST_DIGITS else ""
        return (int(digits) if digits.isdigit() else None), found.end()
