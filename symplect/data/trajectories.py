"""The container of all data: states along several paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from symplect.dynamics import default_names
from symplect.errors import InputError

Array1 = Float[np.ndarray, "_"]
Array2 = Float[np.ndarray, "_ _"]


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Trials of possibly different length and irregular times, laid end to end.

    Args:
        times: shape `(samples,)`, strictly increasing within each trial.
        states: shape `(samples, dimension)`, rows `[q..., p...]`.
        lengths: samples of each trial, in order; they add up to `samples`.
        derivatives: `dz/dt` at the states, of their shape, where it is known.
        names: names of the coordinates, `q1, ..., p1, ...` unless given.
        units: units of the coordinates, as labels; none unless given.
        inputs: known inputs u at the same times, one column each; none unless given.

    Raises:
        InputError: shapes that do not fit, values that are not finite, times that do not increase.

    Example:
        >>> t = np.linspace(0.0, 1.0, 5)
        >>> data = Trajectories.stack(t, np.zeros((3, 5, 2)))
        >>> len(data), data.states.shape, data[0].times.shape
        (3, (15, 2), (5,))
    """

    times: Array1
    states: Array2
    lengths: tuple[int, ...]
    derivatives: Array2 | None = None
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    inputs: Array2 | None = None

    def __post_init__(self):
        samples, dimension = self.states.shape
        _expect(
            dimension >= 2 and dimension % 2 == 0,
            f"states with an even number of columns [q..., p...], found {dimension}",
        )
        _expect(
            len(self.lengths) > 0 and min(self.lengths) > 0,
            f"trials of at least one sample, found lengths {self.lengths}",
        )
        _expect(sum(self.lengths) == samples, f"lengths that add up to the {samples} states, found {sum(self.lengths)}")
        _expect(self.times.shape == (samples,), f"{samples} times, found shape {self.times.shape}")
        derivatives = self.derivatives if self.derivatives is not None else self.states
        _expect(
            derivatives.shape == self.states.shape,
            f"derivatives of shape {self.states.shape}, found {derivatives.shape}",
        )
        inputs = self.inputs if self.inputs is not None else self.states
        _expect(
            inputs.ndim == 2 and len(inputs) == samples,
            f"inputs with {samples} rows and a column per channel, found shape {inputs.shape}",
        )
        named = {"times": self.times, "states": self.states, "derivatives": derivatives, "inputs": inputs}
        for label, values in named.items():
            _expect(bool(np.all(np.isfinite(values))), f"finite {label}, found NaN or infinity: drop those samples")
        late = np.diff(self.times) > 0
        late[np.cumsum(self.lengths)[:-1] - 1] = True
        _expect(
            bool(np.all(late)), "times that increase within each trial, found repeated or unordered ones: sort them"
        )
        names = self.names or default_names(dimension // 2)
        _expect(len(names) == dimension, f"{dimension} names, found {len(names)}")
        _expect(len(self.units) in (0, dimension), f"{dimension} units or none, found {len(self.units)}")
        object.__setattr__(self, "names", names)

    @classmethod
    def stack(
        cls,
        times: Float[np.ndarray, " times"],
        states: Float[np.ndarray, "trials times dimension"],
        derivatives: Float[np.ndarray, "trials times dimension"] | None = None,
        *,
        names: Sequence[str] = (),
        units: Sequence[str] = (),
    ) -> "Trajectories":
        """Make trials of equal length that share their times."""
        trials, samples, dimension = states.shape
        return cls(
            times=np.tile(times, trials),
            states=states.reshape(-1, dimension),
            lengths=(samples,) * trials,
            derivatives=None if derivatives is None else derivatives.reshape(-1, dimension),
            names=tuple(names),
            units=tuple(units),
        )

    @property
    def dimension(self) -> int:
        """The number of coordinates, twice the degrees of freedom."""
        return self.states.shape[1]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, trial: int) -> "Trajectories":
        """Return one trial."""
        return self.select([range(len(self))[trial]])

    def __iter__(self) -> Iterator["Trajectories"]:
        ends = np.cumsum(self.lengths).tolist()
        return (self._rows(slice(end - length, end)) for end, length in zip(ends, self.lengths, strict=True))

    def select(self, trials: Sequence[int]) -> "Trajectories":
        """Return the trials of the given numbers, in that order."""
        ends = np.cumsum(self.lengths)
        rows = np.concatenate([np.arange(ends[i] - self.lengths[i], ends[i]) for i in trials])
        return replace(
            self,
            times=self.times[rows],
            states=self.states[rows],
            lengths=tuple(self.lengths[i] for i in trials),
            derivatives=None if self.derivatives is None else self.derivatives[rows],
            inputs=None if self.inputs is None else self.inputs[rows],
        )

    def split(self, trials: int) -> tuple["Trajectories", "Trajectories"]:
        """Return the first so many trials and the rest: whole trials, so that neither part has seen the other's paths.

        Raises:
            InputError: a part would be empty.
        """
        if not 0 < trials < len(self):
            raise InputError(f"split: expected between 1 and {len(self) - 1} trials in the first part, found {trials}")
        return self.select(range(trials)), self.select(range(trials, len(self)))

    def hold_out(self, one_in: int) -> tuple["Trajectories", "Trajectories"]:
        """Return what is left without every so manieth trial, and those, which a fit has then not seen."""
        last = one_in - 1
        trials = range(len(self))
        return self.select([i for i in trials if i % one_in != last]), self.select(trials[last::one_in])

    def cut(self, samples: int) -> tuple["Trajectories", "Trajectories"]:
        """Return the first so many samples and the rest, of a single trial.

        Raises:
            InputError: several trials, or a part would be empty.
        """
        if len(self) != 1 or not 0 < samples < len(self.times):
            found = f"{len(self)} trials and {samples} samples"
            raise InputError(f"cut: expected one trial and 1 to {len(self.times) - 1} samples, found {found}")
        return self._rows(slice(None, samples)), self._rows(slice(samples, None))

    def _rows(self, rows: slice) -> "Trajectories":
        """Return some consecutive rows of one trial."""
        return replace(
            self,
            times=self.times[rows],
            states=self.states[rows],
            lengths=(len(self.times[rows]),),
            derivatives=None if self.derivatives is None else self.derivatives[rows],
            inputs=None if self.inputs is None else self.inputs[rows],
        )

    def shuffle(self, seed: int) -> "Trajectories":
        """Return the trials in random order."""
        return self.select(np.random.default_rng(seed).permutation(len(self)).tolist())

    def paths(self) -> Float[np.ndarray, "trials times dimension"]:
        """Return the states with one axis for trials, where all have the same length.

        Raises:
            InputError: trials of different length.
        """
        if len(set(self.lengths)) != 1:
            raise InputError(
                f"paths: expected trials of equal length, found {sorted(set(self.lengths))}: take them one by one"
            )
        return self.states.reshape(len(self), -1, self.dimension)


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise InputError(f"Trajectories: expected {what}")
