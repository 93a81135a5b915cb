"""Early stopping of runs that fall behind those that are finished."""

import time
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float

from symplect.errors import InputError
from symplect.experiments.sweep.job import Job
from symplect.experiments.training import Fit, PrunedError
from symplect.files import read_arrays

_FINISHED = 3  # runs that there must be to compare with
_GRACE = 0.2  # of the steps, before which no run is judged
_LOOK_SECONDS = 2.0  # between two looks for runs that have finished since

Losses = Float[np.ndarray, " _"]


@final
class MedianStopping:
    """The median stopping rule (Golovin et al. 2017, "Google Vizier", section 3.2.2) against finished runs.

    A run is given up if the lowest test loss it has reached is above the median, over the finished runs of its task,
    model and seed, which share its data, of the mean of theirs up to its step. Optuna's `MedianPruner` compares with
    the others' losses at one step and wants a study that holds them; here they lie in the run folders.

    Args:
        job: job of the one run that is judged.
        steps: number of its training steps.
    """

    def __init__(self, job: Job, steps: int):
        self._out, self._steps = job.out, steps
        self._pattern = str(Path("[!.]*", *Path(job.folders[0]).parts[1:], "history.npz"))
        self._losses: dict[Path, Losses] = {}
        self._looked = -np.inf

    def judge(self, state: Fit) -> None:
        """Look at a run under way.

        Raises:
            PrunedError: it is hopeless.
        """
        done = int(state.step)
        if not _GRACE * self._steps <= done < self._steps:
            return
        self._look()
        entries = int(np.sum(state.history[:, 0] <= done))
        reached, limit = float(np.min(state.history[:entries, 2])), median_of_means([*self._losses.values()], entries)
        if reached > limit:
            raise PrunedError(
                f"after {done} of {self._steps} steps a test loss of {reached:.2e} is above {limit:.2e}, the median of "
                "finished runs"
            )

    def _look(self) -> None:
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for path in set(self._out.glob(self._pattern)) - self._losses.keys():
            try:
                self._losses[path] = read_arrays(path)["test_loss"]
            except (InputError, KeyError):  # a rival that is broken, or gone meanwhile, is none
                self._losses[path] = np.empty(0)


def median_of_means(finished: list[Losses], entries: int) -> float:
    """Return what a run must fall below after so many entries of its history; infinity where too few are finished."""
    means = [float(np.mean(losses[:entries])) for losses in finished if len(losses)]
    return float(np.median(means)) if len(means) >= _FINISHED else np.inf
