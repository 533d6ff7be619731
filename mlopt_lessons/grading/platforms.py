"""Whose file it is: what learning platforms call what they export, and safe names for learners.

The forms, as the platforms write them:

- Moodle, "Download all submissions" (mod/assign/classes/downloader.php): a folder a learner,
  `Ada Lovelace_12345_assignsubmission_file` (older ones end with `_`), or, without folders,
  `Ada Lovelace_12345_assignsubmission_file_x.ipynb`. The number is the learner's in this one
  assignment and another in the next, so that the learner is known by name. With anonymous
  marking all are called Participant.
- Canvas, "Download Submissions" (lib/content_zipper.rb): `lovelaceada_LATE_1234_567890_x.ipynb`:
  name, LATE where it was, the number of the learner, the number of the file; `x-1.ipynb` where
  the learner handed in a file of that name before.
- Blackboard, "Assignment File Download", as nbgrader's zip_collect reads it:
  `Exercise_ada_attempt_2026-11-25-10-00-00_x.ipynb`, a receipt without `_x` beside it.
- nbgrader's exchange (nbgrader/exchange/default/submit.py): `ada+01_cost+2026-11-25 10:00:00 UTC+…`.
- Folders and files named by learner: `ada/01_cost.ipynb`, `01_cost/ada.ipynb`, `ada_01_cost.ipynb`.

A name that a learner can choose, of a file or inside a folder, never makes it another learner's.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

WRAPPERS = ("submitted", "submissions")
PACKED = (".ipynb", ".zip")  # a loose file without a platform's name is a learner's only if so
MOST_ID = 64  # characters
SAFE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MOST_ID - 1}}}")
DIGITS = 16  # of the hash: with 8, a learner could try names until one has another's id
HASH = rf"-[0-9a-f]{{{DIGITS}}}"  # what ends an id that was made here
LATIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
    | {"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "@": "_at_"}
)

MOODLE = re.compile(
    r"(?P<who>(?P<name>[^_]+)_\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.*))?", re.S
)
CANVAS = re.compile(
    r"(?P<who>(?P<name>.+?)(?:_(?P<late>LATE))?_(?P<user>[1-9]\d*))_(?P<file>[1-9]\d*)_(?P<rest>.+)",
    re.I | re.S,
)
CANVAS_ANONYMOUS = re.compile(
    r"anon_(?:(?P<late>LATE)_)?(?P<user>[A-Za-z0-9]{5})_(?P<file>[1-9]\d*)_(?P<rest>.+)",
    re.I | re.S,
)
CANVAS_TYPED = re.compile(
    r"(?P<name>.+?)(?:_(?P<late>LATE))?_(?P<user>[1-9]\d*)_(?:text|link)\.html", re.I
)
BLACKBOARD = re.compile(
    r"(?P<who>.+?)_[^\W\d_]+_(?P<at>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|\.txt)", re.S
)
EXCHANGE = re.compile(r"(?P<name>.+)\+(?P<lesson>[^+]+)\+(?P<at>[\d.: -]+ UTC)(?:\+[\w=-]+)?")
NUMBERED = re.compile(r"_\d+$")
AGAIN = re.compile(r"-(\d{1,4})$")
COPY = re.compile(r"(?:\s*\(\d+\)|-copy\d*)$", re.I)


@dataclass(frozen=True)
class Named:
    """What a path tells: `name`, the learner's as the platform writes it, and the file's path
    `inside` what that learner handed in, which is empty for a file of the platform's own.

    `who` is equal for files of one learner, or of one learner and exercise. Of two attempts the
    later has the greater `attempt`. `at` is when it was handed in, UTC, where the name tells it;
    `late` that the platform calls it late.
    """

    who: str
    name: str
    inside: str
    platform: str = ""
    attempt: tuple[int, ...] = ()
    at: datetime | None = None
    late: bool = False

    @property
    def person(self) -> str:
        """The learner's name for people to read, without Canvas's number."""
        name = NUMBERED.sub("", self.name) if self.platform == "Canvas" else self.name
        return name.replace("_", " ")


def plain_id(name: str) -> str:
    """A learner's name with `_` in place of spaces, which is the id where that is safe."""
    return re.sub(r"\s", "_", unicodedata.normalize("NFC", name).strip())


def student_id(name: str) -> str:
    """A learner's id in the class: letters, digits and ._- only; other names get other ids.

    Spaces become `_`, and names that differ in nothing else are one. A name that holds anything
    else is spelt in Latin letters as far as it can be, and ends with a hash that tells it apart.
    """
    plain = plain_id(name)
    if SAFE.fullmatch(plain) and not re.search(f"{HASH}$", plain) and not plain.endswith("."):
        return plain
    spelt = unicodedata.normalize("NFKD", plain.translate(LATIN)).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9._-]+", "", spelt).strip("._-")[: MOST_ID - DIGITS - 1] or "learner"
    digest = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{stem}-{digest[:DIGITS]}"


def name_all(paths: Sequence[str], lessons: Sequence[str]) -> list[Named | None]:
    """Whose each file of an export is; None where its path does not tell."""
    short = _without_wrapper(paths, lessons)
    named = [_named(path, lessons) for path in short]
    # One file of Blackboard's form among others was called so by its learner.
    if {"", "Blackboard"} <= {each.platform for each in named if each}:
        named = [_named(path, lessons, blackboard=False) for path in short]
    return _blind(named)


def lessons_in(text: str, lessons: Sequence[str]) -> list[str]:
    """The lessons that a name of a file or folder speaks of: 01_cost in `ada 01-Cost (2)`."""
    return [lesson for lesson in lessons if _pattern(lesson).search(text)]


def told_lesson(path: str, lessons: Sequence[str]) -> str | None:
    """The lesson that a path tells, its last part first; None where it tells none, or two at once."""
    for part in reversed(PurePosixPath(path).parts):
        found = lessons_in(part, lessons)
        if found:
            return found[0] if len(found) == 1 else None
    return None


def first_name(inside: str) -> tuple[str, int]:
    """What a file was called before Canvas numbered it, and the number: x-2.ipynb is (x.ipynb, 2)."""
    path = PurePosixPath(inside)
    found = AGAIN.search(path.stem)
    if not found:
        return inside, 0
    return str(path.with_name(path.stem[: found.start()] + path.suffix)), int(found[1])


def _named(path: str, lessons: Sequence[str], *, blackboard: bool = True) -> Named | None:
    """Reads a path from its outside; whatever first names a learner decides."""
    *folders, file = path.split("/")
    for place, folder in enumerate(folders):
        inside = "/".join([*folders[place + 1 :], file])
        if of_platform := _exchange(folder, inside) or _moodle(folder, inside):
            return of_platform
        if folder.lower() not in WRAPPERS and not _is_lesson(folder, lessons):
            return Named(folder, folder, inside)
    if _is_doubtful(file):
        return None
    # Canvas's first: what a learner calls a file stands at its end, and can have Blackboard's form.
    of_platform = _moodle(file, "") or _canvas(file) or (_blackboard(file) if blackboard else None)
    return of_platform or _by_file(file, lessons)


def _exchange(folder: str, inside: str) -> Named | None:
    found = EXCHANGE.fullmatch(folder)
    if not found:
        return None
    own = inside in ("timestamp.txt", "submission_secret.txt")
    at = _time(found["at"].split(".")[0].removesuffix(" UTC"), "%Y-%m-%d %H:%M:%S", UTC)
    who = f"{found['name']}+{found['lesson']}"
    number = (int(at.timestamp()),) if at else (0,)
    return Named(who, found["name"], "" if own else inside, "nbgrader", number, at)


def _moodle(part: str, inside: str) -> Named | None:
    """Of a folder with what is inside, or of a file, of which nothing is."""
    found = MOODLE.fullmatch(part)
    if not found:
        return None
    handed_in = inside or found["rest"] or "" if found["plugin"] == "file" else ""
    return Named(found["who"], found["name"], handed_in, "Moodle")


def _is_doubtful(file: str) -> bool:
    """Whether a third number follows Canvas's two: a learner's own name that ends in a number, beside
    hers and the file's, reads as another's name and number."""
    found = CANVAS.fullmatch(file)
    return bool(found and re.match(r"[1-9]\d*_", found["rest"]))


def _canvas(file: str) -> Named | None:
    if found := CANVAS_ANONYMOUS.fullmatch(file):
        name = f"anon_{found['user']}"
    elif found := CANVAS_TYPED.fullmatch(file):
        name = f"{found['name']}_{found['user']}"
        return Named(name, name, "", "Canvas", late=bool(found["late"]))
    elif found := CANVAS.fullmatch(file):
        name = f"{found['name']}_{found['user']}"
    else:
        return None
    number = (first_name(found["rest"])[1], int(found["file"]))
    return Named(name, name, found["rest"], "Canvas", number, late=bool(found["late"]))


def _blackboard(file: str) -> Named | None:
    """The learner's name is what stands last before the attempt; two such names are told apart by
    `who`, which has the exercise's too."""
    found = BLACKBOARD.fullmatch(file)
    if not found:
        return None
    number = (int(found["at"].replace("-", "")),)
    at = _time(found["at"], "%Y-%m-%d-%H-%M-%S")
    name = found["who"].rsplit("_", 1)[-1]
    return Named(found["who"], name, found["rest"] or "", "Blackboard", number, at)


def _by_file(file: str, lessons: Sequence[str]) -> Named | None:
    """A loose notebook or zip that is called by its learner."""
    path = PurePosixPath(file)
    if path.suffix.lower() not in PACKED:
        return None
    name = COPY.sub("", path.stem)
    for lesson in lessons_in(name, lessons):
        name = _pattern(lesson).sub("", name)
    name = COPY.sub("", name).strip(" _-.+")
    return Named(name, name, file) if name else None


def _without_wrapper(paths: Sequence[str], lessons: Sequence[str]) -> Sequence[str]:
    """Without the one folder round everything, where it is the export's and not a learner's."""
    tops = {path.split("/", 1)[0] for path in paths if "/" in path}
    if len(tops) != 1 or not all("/" in path for path in paths):
        return paths
    if (top := tops.pop()) and (EXCHANGE.fullmatch(top) or MOODLE.fullmatch(top)):
        return paths
    inner = [path.split("/", 1)[1] for path in paths]
    named = [_named(path, lessons) for path in inner if path.lower().endswith(PACKED)]
    whose = {each.who for each in named if each}
    if not named or None in named:
        return paths
    of_platform = all(each and each.platform for each in named)
    return _without_wrapper(inner, lessons) if of_platform or len(whose) > 1 else paths


def _blind(named: Sequence[Named | None]) -> list[Named | None]:
    """Where Moodle hides the names, and all have one, the learner is known by the number."""
    numbers: dict[str, set[str]] = defaultdict(set)
    for each in named:
        if each and each.platform == "Moodle":
            numbers[each.name].add(each.who)
    hidden = {"Participant"}
    if len(numbers) == 1 and max(map(len, numbers.values())) > 2:
        hidden |= set(numbers)  # that word in another language
    return [
        replace(each, name=each.who)
        if each and each.platform == "Moodle" and each.name in hidden
        else each
        for each in named
    ]


def _is_lesson(folder: str, lessons: Sequence[str]) -> bool:
    return any(_pattern(lesson).fullmatch(folder.strip()) for lesson in lessons)


def _pattern(lesson: str) -> re.Pattern[str]:
    words = [re.escape(word) for word in re.split(r"[_\s-]+", lesson)]
    return re.compile(r"(?<![A-Za-z0-9])" + r"[_\s-]+".join(words) + r"(?![A-Za-z0-9])", re.I)


def _time(text: str, form: str, zone: object = None) -> datetime | None:
    """A time in UTC; one that tells no zone is of this machine's. None where there is no such time."""
    try:
        at = datetime.strptime(text, form)
        return at.replace(tzinfo=UTC) if zone else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
