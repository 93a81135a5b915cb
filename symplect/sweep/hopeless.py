"""Early stopping of runs that fall behind those that are finished."""

from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float

from symplect.files import read_arrays
from symplect.units import Fit, GivenUpError

_FINISHED = 3  # runs that there must be to compare with
_GRACE = 0.2  # of the steps, before which no run is judged

Losses = Float[np.ndarray, " _"]


@final
class Rivals:
    """The finished runs of one task and model, whatever their settings.

    The rule is the median stopping rule (Golovin et al. 2017, "Google Vizier", section 3.2.2): a run is given up if the
    lowest test loss it has reached is above the median, over the finished runs, of the mean of theirs up to its step.

    Args:
        out: the folder of the sweep.
        task, model: by their names.
        steps: of the run that is judged.
    """

    def __init__(self, out: Path, task: str, model: str, steps: int):
        self._pattern, self._out, self._steps = f"[!.]*/{task}/{model}/seed-*/history.npz", out, steps
        self._losses: dict[Path, Losses] = {}

    def judge(self, state: Fit) -> None:
        """Looks at a run under way.

        Raises:
            GivenUpError: it is hopeless.
        """
        done = int(state.step)
        if not _GRACE * self._steps <= done < self._steps:
            return
        for path in set(self._out.glob(self._pattern)) - self._losses.keys():
            self._losses[path] = read_arrays(path)["test_loss"]
        entries = int(np.sum(state.history[:, 0] <= done))
        reached, limit = float(np.min(state.history[:entries, 2])), median_of_means([*self._losses.values()], entries)
        if reached > limit:
            raise GivenUpError(
                f"after {done} of {self._steps} steps a test loss of {reached:.2e} is above {limit:.2e}, the median of "
                "finished runs"
            )


def median_of_means(finished: list[Losses], entries: int) -> float:
    """Returns what a run must fall below after so many entries of its history; infinity where too few are finished."""
    means = [float(np.mean(losses[:entries])) for losses in finished if len(losses)]
    return float(np.median(means)) if len(means) >= _FINISHED else np.inf
