from .calibration import calibrate
from .checking import Case, CheckFailed, Task, check
from .claims import CLAIMS, claim
from .last_quiz import final_quiz
from .ledger_explorer import ledger_lab, show_ledger
from .ledger_export import export_ledger
from .ledger_page import calibration_card, ledger_card, takeaway_card
from .ledger_table import ledger_lines
from .live import LiveFigure
from .machine import describe
from .prediction import predict, reveal
from .provenance import Figure, Provenance, measured, quoted, recorded, simulated
from .quiz_cards import quiz, review
from .still import show
from .store import open_store
from .takeaways import six_takeaways
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
    "calibrate",
    "calibration_card",
    "check",
    "claim",
    "describe",
    "export_ledger",
    "final_quiz",
    "ledger",
    "ledger_card",
    "ledger_lab",
    "ledger_lines",
    "measured",
    "open_store",
    "predict",
    "quiz",
    "quoted",
    "recorded",
    "reveal",
    "review",
    "show",
    "show_ledger",
    "simulated",
    "six_takeaways",
    "takeaway_card",
    "verdict",
    "verdict_card",
    "verdict_table",
]
