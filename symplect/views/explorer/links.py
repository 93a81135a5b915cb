"""Chains of links in a vertical plane: which systems are such, and what the page is told of them."""

import math
from collections.abc import Sequence

import numpy as np

from symplect.dynamics import AbstractDynamics
from symplect.experiments.tasks import Task
from symplect.systems import ChainPendulum, DoublePendulum, Pendulum, TwoLinkArm
from symplect.tables import Columns
from symplect.views.explorer.content import Chain
from symplect.views.explorer.parts import numbers

_HANGING, _LEVEL = -math.pi / 2, 0.0  # directions of a link, in radians from the x axis


def chain_of_system(system: AbstractDynamics) -> Chain | None:
    """Return the links of a true system whose positions are the angles of a chain, or `None`.

    The two-link arm says where the centre of mass of its second link is, not where it ends: the link is drawn as a
    uniform one, twice as long.

    Example:
        >>> from symplect.systems import MassSpring
        >>> chain_of_system(DoublePendulum(l1=2.0))["lengths"], chain_of_system(MassSpring.reference())
        ([2.0, 1.0], None)
    """
    match system:
        case Pendulum():
            return _chain([system.l], relative=False)
        case DoublePendulum():
            return _chain([system.l1, system.l2], relative=False)
        case ChainPendulum():
            return _chain(np.asarray(system.lengths).tolist(), relative=False)
        case TwoLinkArm():
            return _chain([system.l1, 2 * system.r2], relative=True, zero=_LEVEL)
        case _:
            return None


def chain_of_task(task: Task) -> Chain | None:
    """Return the links of a task's system or `None`; their lengths are not known where the true system is not."""
    chain = chain_of_system(task.energy)
    return chain if chain is None or task.truth_known else {**chain, "lengths": None}


def chain_of_table(
    columns: Columns, lengths: Sequence[float] | None = None, relative: bool | None = None
) -> Chain | None:
    """Return the links of a table whose positions all are angles, or `None`.

    Args:
        columns: roles of the table's columns.
        lengths: length of each link, or of all but the last, which is then drawn as long as the one before; `None`
            where they are not known.
        relative: whether angles are counted from the link before; `None` where that is not known.

    Example:
        >>> chain_of_table(Columns(q=("a", "b"), angles=("b", "a")), lengths=[0.5])["lengths"]
        [0.5, 0.5]
    """
    if set(columns.angles) != set(columns.q):
        return None
    if not lengths or not all(0 < length < math.inf for length in lengths):
        return _chain(None, relative=relative)
    missing = columns.degrees_of_freedom - len(lengths)
    return _chain([*lengths, *[lengths[-1]] * missing], relative=relative)


def _chain(lengths: Sequence[object] | None, *, relative: bool | None, zero: float = _HANGING) -> Chain:
    known = None if lengths is None else numbers(np.asarray(lengths, np.float64))
    return {"lengths": known, "relative": relative, "zero": zero}
