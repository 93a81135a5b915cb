"""What tests have done in processes of their own, which should not have to import much."""

import time

from symplect.sweep.index import Index


def write_many(out, first, count):
    """Notes beginning and failure of runs."""
    index = Index(out)
    for seed in range(first, first + count):
        index.begin(f"default/mass-spring/hnn/seed-{seed}")
        index.fail(f"default/mass-spring/hnn/seed-{seed}", f"error of {seed}")


def sleep_and_tell(path):
    """Writes what happens to it."""
    path.write_text("began")
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        path.write_text("saved")
        raise
