from .checking import Case, CheckFailed, Task, check
from .claims import CLAIMS, claim
from .live import LiveFigure
from .machine import describe
from .prediction import predict, reveal
from .provenance import Figure, Provenance, measured, quoted, recorded, simulated
from .quiz_cards import quiz, review
from .still import show
from .store import open_store
from .verdict_cards import verdict_card, verdict_table
from .verdicts import ledger, verdict

__all__ = [
    "CLAIMS",
    "Case",
    "CheckFailed",
    "Figure",
    "LiveFigure",
    "Provenance",
    "Task",
    "check",
    "claim",
    "describe",
    "ledger",
    "measured",
    "open_store",
    "predict",
    "quiz",
    "quoted",
    "recorded",
    "reveal",
    "review",
    "show",
    "simulated",
    "verdict",
    "verdict_card",
    "verdict_table",
]
