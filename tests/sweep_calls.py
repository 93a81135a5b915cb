"""What tests have done in processes of their own, which should not have to import much."""

import signal
import time

from symplect.experiments.sweep.index import begin, note
from symplect.experiments.training_run import TrainingRun


def write_many(out, first, count):
    """Notes beginning and failure of runs, each held meanwhile."""
    for seed in range(first, first + count):
        run, done = TrainingRun("mass-spring", "hnn", seed, out / "default"), False
        while not done:
            with run.held() as done:
                if done:
                    begin(run)
                    note(run, "failed", f"error of {seed}")


def sleep_and_tell(path):
    """Writes what happens to it."""
    try:
        path.write_text("began")
        time.sleep(60)
    except KeyboardInterrupt:
        path.write_text("saved")
        raise


def hear_nothing(path):
    """Goes on although it is told to end, as a long compilation does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    path.write_text("began")
    time.sleep(60)
