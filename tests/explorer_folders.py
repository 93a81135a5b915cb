"""Folders that the explorer is given, and what is found on its page."""

import base64
import dataclasses
import gzip
import json
import re

from symplect.runs import save_run
from tests.malformed import own_run

SECONDS = 10.0  # that a page or a refusal may take, on a machine with other work
POINTS = 2000
BAD = "</script><script>document.documentElement.dataset.bad = 1</script><img src=x onerror=alert(2)>"


def saved(folder, runs):
    """Writes runs where a reproduction puts them, and returns the folder of each."""
    places = [folder / run.config.task / run.config.model / "seed-0" for run in runs]
    for place, run in zip(places, runs, strict=True):
        save_run(place, run)
    return places


def reproduction(folder, runs):
    """Returns the folder of a reproduction that holds runs."""
    saved(folder, runs)
    rows = [{name: getattr(run.config, name) for name in ("task", "model", "seed")} for run in runs]
    settings = {"tasks": [], "models": None, "seeds": 1, "out": "runs/paper", "data": None, "steps": None}
    results = {"runs": rows, "settings": settings, "versions": {}, "not_run": {}}
    (folder / "results.json").write_text(json.dumps(results))
    return folder


def only(found):
    """Returns the one system of a page."""
    (system,) = found["systems"]
    return system


def content(page):
    """Returns what a page was given."""
    return json.loads(unpacked(page, "content"))


def unpacked(page, name):
    """Returns the text that an element of a page holds."""
    size, letters = re.search(rf'<script type="text/plain" id="{name}">(\d+) (.*?)</script>', page).groups()
    return gzip.decompress(base64.b85decode(letters.replace(",", "<"))[: int(size)]).decode()


def changed(folder, **arrays):
    """Writes a run of people's own data with other arrays."""
    run = own_run()
    rollout = {name: values for name, values in (dict(run.rollout) | arrays).items() if values is not None}
    save_run(folder, dataclasses.replace(run, rollout=rollout))
    return folder


def hostile(folder):
    """Writes a run whose every text is HTML."""
    run = own_run()
    odd = {"names": (BAD, "../../v"), "units": (BAD, BAD), "sources": (BAD,), "understood": BAD, "time_unit": BAD}
    data = dataclasses.replace(run.config.data, **odd)
    odd = {"verdict": BAD, "cautions": (BAD, "\u2028\ud800"), "method": BAD, "model": BAD}
    save_run(folder, dataclasses.replace(run, config=dataclasses.replace(run.config, data=data, **odd)))
    return folder


def reseeded(seed):
    return lambda run: dataclasses.replace(run, config=dataclasses.replace(run.config, seed=seed))
