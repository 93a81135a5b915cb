"""What the page is given, as JSON: the contract between Python and the scripts."""

from typing import NotRequired, TypedDict

Places = dict[str, int | list[int]] | list[int]
"""Nested strides, with `offset`, `sizes` and `strides`, or the numbers of the places."""

Step = list[str | int | list[int] | Places]
"""Name of an operation, the buffer of its result, and its operands."""


class Program(TypedDict):
    """Steps from a state in buffer 0 to an output."""

    sizes: list[int]
    constants: list[list[int]]
    steps: list[Step]
    output: int


class Levels(TypedDict):
    """A matrix in 8 bits: a number is its level times the scale of its column."""

    levels: str
    scales: list[float]
    columns: int


class Payload(TypedDict):
    """A model: its numbers, little-endian in base 64, and its programs."""

    precision: str
    degrees_of_freedom: int
    arrays: list[str | Levels]
    programs: dict[str, Program]


class CertificateRow(TypedDict):
    """One row of a certificate, whose value is a word, such as "diverged", or none where it is not finite."""

    name: str
    meaning: str
    value: float | str | None
    limit: float | None
    passed: bool


class Certificate(TypedDict):
    """What `symplect certify` found."""

    verdict: str
    rows: list[CertificateRow]


class Model(TypedDict):
    """A model or a true system that is moved; its role is `truth`, `learned` or `baseline`."""

    name: str
    title: str
    role: str
    model: Payload
    separable: bool
    friction: bool
    facts: list[list[str]]
    certificate: Certificate | None
    decoder: NotRequired[Payload]


class Points(TypedDict):
    """Some of the training states, in float32 and base 64, and how many there are."""

    states: str
    shown: int
    total: int


class MeasuredPath(TypedDict):
    """Samples of one measured path."""

    times: list[float]
    states: list[list[float]]


class Clock(TypedDict):
    """How long paths are followed at first, and in what steps."""

    horizon: float
    step: float


class Chain(TypedDict):
    """Links in a vertical plane, each joined to the one before; their angles are the positions, counter-clockwise.

    `lengths` is none where they are not known. The angle of the first link counts from the direction `zero`, in radians
    from the x axis; those of the others count from the link before if `relative`, else from `zero` too, and it is none
    where that is not known.
    """

    lengths: list[float] | None
    relative: bool | None
    zero: float


class System(Clock):
    """One system with all its models."""

    name: str
    title: str
    subtitle: str
    coordinates: list[dict[str, str]]
    time: str
    bodies: dict[str, int] | None
    links: Chain | None
    models: list[Model]
    shown: str
    data: Points
    measured: list[MeasuredPath]
    start: list[float]
    notes: list[str]
    omitted: list[dict[str, str]]
    image: dict[str, int] | None


class Content(TypedDict):
    """All systems, and those left out with the reason."""

    systems: list[System]
    omitted: list[dict[str, str]]
