"""A training that can be killed at any moment: all that its next step depends on is in its state."""

import signal
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from mlopt_lessons.spot.checkpoint import keep, latest, load
from mlopt_lessons.workbench import digits

LEARNED = "model", "optimizer", "schedule"


class Training:
    """A small network with dropout on the digits, with Adam, a falling rate and shuffled data."""

    def __init__(self, steps: int, seed: int, forget: Collection[str] = ()) -> None:
        torch.manual_seed(seed)  # weights and dropout
        layers = nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10)
        self.model = nn.Sequential(*layers)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 0.01)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)
        self.shuffler = torch.Generator().manual_seed(seed)
        self.order = torch.tensor([], dtype=torch.int64)  # rows left in this epoch
        self.losses: list[float] = []
        self.steps, self.forget, self.plan = steps, forget, f"{steps} steps with seed {seed}"

    def step(self) -> None:
        """Learns from the next 64 digits."""
        data = digits()
        if not len(self.order):
            self.order = torch.randperm(len(data.train_x), generator=self.shuffler)
        rows, self.order = self.order[:64], self.order[64:]
        self.optimizer.zero_grad()
        loss = functional.cross_entropy(self.model(data.train_x[rows]), data.train_y[rows])
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.losses.append(loss.item())

    def state(self) -> dict:
        """All that the next step depends on."""
        state = {name: getattr(self, name).state_dict() for name in LEARNED}
        order = [self.shuffler.get_state(), self.order.clone()]
        chance = {"rng": torch.get_rng_state(), "order": order}
        return state | chance | {"plan": self.plan, "losses": self.losses}

    def restore(self, state: dict) -> None:
        """Goes back to a state, but for the parts to forget: optimizer, schedule, rng, order."""
        if state["plan"] != self.plan:
            raise ValueError(f"The folder holds {state['plan']}: choose another one for this run.")
        self.losses = state["losses"]
        for name in LEARNED:
            if name not in self.forget:
                getattr(self, name).load_state_dict(state[name])
        if "order" not in self.forget:
            self.shuffler.set_state(state["order"][0])
            self.order = state["order"][1]
        if "rng" not in self.forget:
            torch.set_rng_state(state["rng"])


def train(training: Training, folder: Path, every: int, save: Callable = keep) -> Iterator[int]:
    """Goes on from the newest checkpoint in the folder; yields the number of each step done."""
    notices: list[int] = []  # a real machine's notice is a message; here it is SIGTERM
    signal.signal(signal.SIGTERM, lambda number, frame: notices.append(number))
    if newest := latest(folder):
        training.restore(load(newest))
    for done in range(len(training.losses) + 1, training.steps + 1):
        training.step()
        yield done
        if notices or done % every == 0 or done == training.steps:
            save(training.state(), folder, done)
        if notices:
            sys.exit(75)  # "try again later": EX_TEMPFAIL of sysexits.h
