from .bounds import lower_bound
from .busy import Busy, busy_not_working
from .calibrate import (
    PUBLISHED_BAND,
    PUBLISHED_ERRORS,
    Measured,
    calibrated_seconds,
    own_machine,
    scale_seconds,
)
from .crash import Crash, crash_apart, crash_together
from .efficiency import (
    Efficiency,
    find_idle,
    gpu_hour_price,
    mean_efficiency,
    mfu,
    published_efficiency,
    utilisation_summary,
)
from .explore_pick import RightSize, Setting
from .explore_share import LAB_TASKS, shared_gpu_price
from .flops import count_flops
from .gpu_offers import Offer, find_gpu, offers, own_offer
from .job_cost import Terms, estimate
from .known import known_profiles
from .memory import demand
from .mig import fits, layouts, mig_profiles
from .networks import NETWORKS, network
from .nvml import GpuMissingError, gpu_sources
from .picking import Choice, pick
from .player import Player, load_log, save_log
from .pool import EXCLUSIVE, MIG, TIME_SLICED, Pool, Task
from .published import T4_AGAINST_V100
from .recorded_requests import ALL_AT_ONCE, OVER_TIME
from .roofline import launch_floor, step_time
from .samples import Samples, record
from .saved import saved_bytes
from .sharing import Sharing, best_fit_decreasing, first_fit_decreasing
from .sharing_exact import fewest_gpus
from .slowdown import break_even, story_job
from .spec import Spec, load_spec
from .trace_generator import Cluster, generate_cluster
from .work import Demand, Job

__all__ = [
    "ALL_AT_ONCE",
    "EXCLUSIVE",
    "LAB_TASKS",
    "MIG",
    "NETWORKS",
    "OVER_TIME",
    "PUBLISHED_BAND",
    "PUBLISHED_ERRORS",
    "T4_AGAINST_V100",
    "TIME_SLICED",
    "Busy",
    "Choice",
    "Cluster",
    "Crash",
    "Demand",
    "Efficiency",
    "GpuMissingError",
    "Job",
    "Measured",
    "Offer",
    "Player",
    "Pool",
    "RightSize",
    "Samples",
    "Setting",
    "Sharing",
    "Spec",
    "Task",
    "Terms",
    "best_fit_decreasing",
    "break_even",
    "busy_not_working",
    "calibrated_seconds",
    "count_flops",
    "crash_apart",
    "crash_together",
    "demand",
    "estimate",
    "fewest_gpus",
    "find_gpu",
    "find_idle",
    "first_fit_decreasing",
    "fits",
    "generate_cluster",
    "gpu_hour_price",
    "gpu_sources",
    "known_profiles",
    "launch_floor",
    "layouts",
    "load_log",
    "load_spec",
    "lower_bound",
    "mean_efficiency",
    "mfu",
    "mig_profiles",
    "network",
    "offers",
    "own_machine",
    "own_offer",
    "pick",
    "published_efficiency",
    "record",
    "save_log",
    "saved_bytes",
    "scale_seconds",
    "shared_gpu_price",
    "step_time",
    "story_job",
    "utilisation_summary",
]
