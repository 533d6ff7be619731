"""Errors as sentences: what a command shows in the place of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

DEBUG = "MLOPT_DEBUG"
LONGEST = 200


def first_line(error: BaseException) -> str:
    """The first line of an error's message, short enough to stand inside a sentence."""
    text = str(error).strip()
    return cut((text.splitlines()[0] if text else type(error).__name__).rstrip("."))


def cut(line: str) -> str:
    """A line, with a sign that there was more where it is too long to stand inside a sentence."""
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def sentence(error: Exception) -> str:
    """What went wrong, and the next step. The course's own errors say both themselves."""
    if isinstance(error, ImportError):
        missing = f"The package {error.name} does not load" if error.name else str(error)
        return f"{missing}; run mlopt doctor, which says how to mend it."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; give fewer rows or a smaller batch."
    if type(error).__module__.startswith("mlopt_lessons."):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be used ({error.strerror}); check path and permissions."
    if isinstance(error, ValueError | TypeError | OSError) and _raised_here(error):
        return str(error)
    name = type(error).__name__
    return f"Unexpected {name}: {error}. Run it again with {DEBUG}=1 to see where it comes from."


def _raised_here(error: Exception) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals["__name__"].startswith("mlopt_lessons.")


@contextmanager
def one_sentence() -> Iterator[None]:
    """In a command: an error becomes one sentence and exit status 1."""
    try:
        yield
    except BrokenPipeError:
        raise  # nobody reads on, as behind `| head`: click ends without a word
    except (ValueError, TypeError, OSError, RuntimeError, MemoryError) as error:
        raise click.ClickException(sentence(error)) from error
