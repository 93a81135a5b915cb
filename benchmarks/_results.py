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
    """Returns processor, vector units, caches, cores and JAX in words.

    Virtual machines of one name differ: a processor is told by its family and model, too.
    """
    info, sizes = Path("/proc/cpuinfo"), Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
    found = dict(re.findall(r"^(.+?)\s*: (.+)$", info.read_text().split("\n\n")[0], re.M)) if info.exists() else {}
    words = [found.get("model name") or platform.processor() or platform.machine()]
    words += [f"family {found['cpu family']} model {found['model']}"] if "cpu family" in found else []
    widest = [unit for unit in ("avx512f", "avx2", "asimd") if unit in found.get("flags", found.get("Features", ""))]
    caches = "/".join(path.read_text().strip() for path in sorted(sizes))
    words += [
        *widest[:1],
        *([f"caches {caches}"] if caches else []),
        f"{os.cpu_count()} cores",
        f"JAX {version('jax')}",
    ]
    return ", ".join(words)
