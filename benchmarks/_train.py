"""One task as the reference's train.py does it, from data to a file: python benchmarks/_train.py TASK STEPS FILE

Prints in JSON the seconds of each part, to be read by whole_task.py; "first steps" has tracing and compilation.
"""

import json
import sys
import time

began = time.perf_counter()

from symplect.environment import configure

configure()

import dataclasses
from itertools import pairwise
from pathlib import Path

import jax

from symplect.experiments.tasks import TASKS
from symplect.files import write_tree

name, steps, file = sys.argv[1:]
marks = [began, time.perf_counter()]
task = TASKS[name]
data = task.make_data(0, None, None)
marks.append(time.perf_counter())
method = task.methods["hnn"]
key_model, key_batches = jax.random.split(jax.random.key(0))
chunks: list[float] = []
state = method.fit(
    method.start(key_model),
    data,
    key=key_batches,
    settings=dataclasses.replace(method.settings, steps=int(steps)),
    checkpoint=lambda _: chunks.append(time.perf_counter()),
)
write_tree(Path(file), state.model, {})
marks += [chunks[0], time.perf_counter()]
parts = ("import", "data", "first steps", "other steps")
print(json.dumps(dict(zip(parts, (end - start for start, end in pairwise(marks)), strict=True))))
