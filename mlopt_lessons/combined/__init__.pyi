from .explore_frontier import Frontiers, FrontierView
from .explore_levers import LeversView, levers_view, plan_view
from .frontier import cheapest, pareto
from .levers import STORY_SPEND, Combined, Interaction, Lever, added_up, total
from .levers_data import assumed_interactions, cautious, story, story_rows
from .levers_file import read_levers
from .memo import plan_memo
from .order import Step, all_orders, row_ranges, waterfall
from .own_figures import own_bill, own_levers
from .pipeline import Result, run, run_all
from .recorded_frontier import Point, recorded_on, recorded_points
from .sensitivity import Interval, Swing, tornado
from .shapley import alone, shapley_split
from .steps import Plan
from .whole_bill import Serving, Training, whole

__all__ = [
    "STORY_SPEND",
    "Combined",
    "FrontierView",
    "Frontiers",
    "Interaction",
    "Interval",
    "Lever",
    "LeversView",
    "Plan",
    "Point",
    "Result",
    "Serving",
    "Step",
    "Swing",
    "Training",
    "added_up",
    "all_orders",
    "alone",
    "assumed_interactions",
    "cautious",
    "cheapest",
    "levers_view",
    "own_bill",
    "own_levers",
    "pareto",
    "plan_memo",
    "plan_view",
    "read_levers",
    "recorded_on",
    "recorded_points",
    "row_ranges",
    "run",
    "run_all",
    "shapley_split",
    "story",
    "story_rows",
    "tornado",
    "total",
    "waterfall",
    "whole",
]
