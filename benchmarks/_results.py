"""What past runs measured: every script says its ratios with `tell`, which names those that became worse.

With `--record` behind the script's name they are written to `results.json`, to be committed.
"""

import datetime
import os
import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from _timing import spread

from symplect.files import read_json, write_json

PAST = Path(__file__).with_name("results.json")


def tell(name: str, values: np.ndarray, *, better: Literal["higher", "lower"] = "higher", past: Path = PAST) -> None:
    """Prints the median of what was measured round by round, and whether it became worse than recorded.

    Args:
        name: of what was measured, unique among all scripts.
        values: one per round, ratios of things timed in the same round wherever that can be.
        better: which way is better.
        past: where earlier runs are recorded.
    """
    low, median, high = (float(f"{value:.4g}") for value in np.percentile(values, [25, 50, 75]))
    found = {"median": median, "quartiles": [low, high], "better": better, "date": f"{datetime.date.today()}"}
    recorded = read_json(past) if past.exists() else {}
    print(f"{name}: {spread(np.asarray(values))}{verdict(found, recorded.get(name))}", flush=True)
    if "--record" in sys.argv:
        write_json(past, dict(sorted((recorded | {name: found | {"machine": machine()}}).items())))


def verdict(found: dict[str, Any], before: dict[str, Any] | None) -> str:
    """Returns in words whether the median is worse than before by more than both spreads together; nothing if not."""
    if before is None:
        return ", not recorded yet"
    worse = (before["median"] - found["median"]) * (1 if found["better"] == "higher" else -1)
    spreads = sum(high - low for low, high in (before["quartiles"], found["quartiles"]))
    if worse <= spreads:
        return ""
    return f", WORSE than {before['median']:.3g}, recorded on {before['date']} with {before['machine']}"


def machine() -> str:
    """Returns processor, cores and JAX in words."""
    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    processor = named[1].strip() if named else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, JAX {version('jax')}"
