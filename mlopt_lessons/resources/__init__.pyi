from .generator import generate
from .limit import DEMO_MIB, Outcome, memory_requests, run_limited, run_throttled, try_requests
from .packing import Packing, best_fit, first_fit_decreasing, lower_bound
from .packing_exact import fewest_machines
from .profiler import Profile, profile, profile_command
from .rules import RULES, percentile_margin, rule, target_utilisation, twice, vpa_target
from .score import FARGATE, Rates, score_rule, score_rules
from .usage import STORY, STORY_REQUEST, STORY_USE, Request, Usage
from .usage_log import load_usage, save_usage
from .vpa import Recommendation, bump_after_kill, vpa_recommendation

__all__ = [
    "DEMO_MIB",
    "FARGATE",
    "RULES",
    "STORY",
    "STORY_REQUEST",
    "STORY_USE",
    "Outcome",
    "Packing",
    "Profile",
    "Rates",
    "Recommendation",
    "Request",
    "Usage",
    "best_fit",
    "bump_after_kill",
    "fewest_machines",
    "first_fit_decreasing",
    "generate",
    "load_usage",
    "lower_bound",
    "memory_requests",
    "percentile_margin",
    "profile",
    "profile_command",
    "rule",
    "run_limited",
    "run_throttled",
    "save_usage",
    "score_rule",
    "score_rules",
    "target_utilisation",
    "try_requests",
    "twice",
    "vpa_recommendation",
    "vpa_target",
]
