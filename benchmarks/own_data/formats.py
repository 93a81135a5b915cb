"""One pendulum in the formats of instruments and programs."""

import datetime
import gzip
import io
import json
import pickle
from dataclasses import replace

import numpy as np
import polars as pl
from scipy.io import savemat

from own_data.oscillators import force
from own_data.situation import Record, Situation, Truth, frequency, noisy, paths

CALL = {"q": "theta", "velocity": "omega", "time": "t", "angle": "theta"}
DEGREES = ("DEG", "deg.", "º", "°", "Grad", "degrees")


def swings(trials=1, samples=400):
    """Return noisy swings and the angular frequency of the first."""
    times = np.arange(samples) * 0.05
    starts = [(0.6 + 0.2 * k, 0.0) for k in range(trials)]
    clean = paths(force(lambda x: -8.2 * np.sin(x)), starts, times)
    return noisy(clean, 0.002, 4), frequency(times, clean[0][1][:, 0])


def text(header, line, ending="csv", encoding="utf-8", degrees=False):
    """Return a text file, given its header and a function of time, angle and angular velocity."""
    ((times, states),), found = swings()
    states = np.degrees(states) if degrees else states
    body = "".join(line(*row) + "\n" for row in np.column_stack([times, states]).tolist())
    return Record({f"record.{ending}": (header + body).encode(encoding)}, Truth(True, found))


def comma(*cells):
    """Return cells with decimal commas."""
    return [f"{cell:.6f}".replace(".", ",") for cell in cells]


def plain(*cells):
    return ",".join(f"{cell:.6f}" for cell in cells)


def thousands():
    """A spring whose position is about 1500 mm, written by a spreadsheet."""
    times = np.arange(0, 20, 0.05)
    clean = paths(force(lambda x: -5.2 * (x - 1500)), [(1900.0, 0.0)], times)
    ((_, states),) = noisy(clean, 0.002, 5)
    lines = [f'{t:.2f},"{x:,.1f}","{v:,.1f}"' for t, (x, v) in zip(times, states, strict=True)]
    head = "t (s),theta (mm),omega (mm/s)\n"
    return Record({"record.csv": (head + "\n".join(lines)).encode()}, Truth(True, np.sqrt(5.2)))


def side_by_side():
    """Runs of different lengths beside one another, blank cells below the shorter ones."""
    trials, found = swings(4)
    names = [f"{name} Run #{k + 1}" for k in range(4) for name in ("t (s)", "theta (rad)", "omega (rad/s)")]
    lines = [",".join(names)]
    for i in range(400):
        cells = [
            [f"{t[i]:.4f}", *(f"{cell:.5f}" for cell in states[i])] if i < 400 - 60 * k else ["", "", ""]
            for k, (t, states) in enumerate(trials)
        ]
        lines.append(",".join(cell for run in cells for cell in run))
    return Record({"record.csv": ("\n".join(lines) + "\n").encode()}, Truth(True, found))


def vernier():
    trials, found = swings(3)
    head = "Vernier Format 2\nswing.cmbl 3/2/2026 09:30:11\nRun {}\n"
    head += "Time\tAngle\tVelocity\nt\ttheta\tomega\ns\trad\trad/s\n\n"
    runs = [
        head.format(k + 1) + "".join(f"{t:.2f}\t{a:.5f}\t{w:.5f}\n" for t, (a, w) in zip(times, states, strict=True))
        for k, (times, states) in enumerate(trials)
    ]
    return Record({"record.txt": "\n".join(runs).encode()}, Truth(True, found))


def binary(ending, write):
    """Return a file that a function of times, states and a buffer writes."""
    ((times, states),), found = swings()
    raw = io.BytesIO()
    write(times, states, raw)
    return Record({f"record.{ending}": raw.getvalue()}, Truth(True, found))


def three_axes():
    """Trials x times x coordinates."""
    trials, found = swings(4)
    raw = io.BytesIO()
    np.savez(raw, t=trials[0][0], z=np.stack([states for _, states in trials]))
    return Record({"record.npz": raw.getvalue()}, Truth(True, found))


def pickled():
    ((times, states),), _ = swings()
    raw = pickle.dumps({"t": times, "theta": states[:, 0], "omega": states[:, 1]})
    return Record({"record.pkl": raw}, Truth(True, says=("pickle",), refused=True))


def frame(times, states):
    return pl.DataFrame({"t": times, "theta": states[:, 0], "omega": states[:, 1]})


def clock(style, day=27):
    """Return times as a style of dates or clock times, across midnight."""
    began = datetime.datetime(2026, 3, day, 23, 59, 52)

    def line(t, a, w):
        return f"{(began + datetime.timedelta(seconds=t)).strftime(style)};{a:.5f};{w:.5f}"

    return text("t;theta;omega\n", line)


def refused(record, said):
    """Return a record that cannot be understood without asking."""
    return replace(record, truth=replace(record.truth, refused=True, says=(said,)))


HEAD = "t,theta,omega\n"

SITUATIONS = (
    Situation(
        "semicolons and decimal commas", lambda: text("t;theta;omega\n", lambda *row: ";".join(comma(*row))), CALL
    ),
    Situation("quoted decimal commas", lambda: text(HEAD, lambda *row: '"' + '","'.join(comma(*row)) + '"'), CALL),
    Situation("thousands separators", thousands, {key: name for key, name in CALL.items() if key != "angle"}),
    Situation("units in a line of their own", lambda: text(HEAD + "(s),(rad),(rad/s)\n", plain), CALL),
    Situation(
        "names with commas",
        lambda: text('"Time, t (s)","Angle, theta (rad)","Velocity, omega (rad/s)"\n', plain),
        {"q": "2", "velocity": "3", "time": "1", "angle": "2"},
    ),
    Situation(
        "Tracker",
        lambda: text("mass_A\t\t\n" + HEAD.replace(",", "\t"), lambda *r: "\t".join(map(str, r)), "txt"),
        CALL,
    ),
    Situation("Vernier, three runs", vernier, CALL),
    Situation(
        "xvg",
        lambda: text(
            '# made by a program\n@ xaxis label "t (s)"\n@TYPE xy\n@ s0 legend "theta"\n@ s1 legend "omega"\n',
            lambda *row: " ".join(f"{cell:12.6f}" for cell in row),
            "xvg",
        ),
        {"q": "2", "velocity": "3", "time": "1", "angle": "2"},
    ),
    Situation("runs side by side", side_by_side, CALL),
    Situation("a head of keys and values", lambda: text(f"Device,Rig,7\nRate,20,Hz\n\n{HEAD}", plain), CALL),
    Situation(
        "names in a comment",
        lambda: text("# rig 7\n# t (s)\ttheta (rad)\tomega (rad/s)\n", lambda *r: "\t".join(map(str, r)), "txt"),
        CALL,
    ),
    Situation("UTF-16", lambda: text(HEAD, plain, encoding="utf-16"), CALL),
    *(
        Situation(
            f"degrees as {word}",
            lambda word=word: text(f"t (s),theta ({word}),omega ({word}/s)\n", plain, degrees=True),
            CALL,
        )
        for word in DEGREES
    ),
    Situation("degrees behind a slash", lambda: text("t / s,theta / deg,omega / deg/s\n", plain, degrees=True), CALL),
    Situation("clock times across midnight", lambda: clock("%H:%M:%S.%f"), CALL),
    Situation("German dates", lambda: clock("%d.%m.%Y %H:%M:%S.%f"), CALL),
    Situation("US dates", lambda: clock("%m/%d/%Y %H:%M:%S.%f"), CALL),
    Situation("dates with day or month first", lambda: refused(clock("%m/%d/%Y %H:%M:%S.%f", day=4), "month"), CALL),
    Situation("ISO times with a zone", lambda: clock("%Y-%m-%dT%H:%M:%S.%f+02:00"), CALL),
    Situation(
        "JSON",
        lambda: binary("json", lambda t, z, raw: raw.write(json.dumps(frame(t, z).to_dict(as_series=False)).encode())),
        CALL,
    ),
    Situation("JSON lines", lambda: binary("jsonl", lambda t, z, raw: frame(t, z).write_ndjson(raw)), CALL),
    Situation("Parquet", lambda: binary("parquet", lambda t, z, raw: frame(t, z).write_parquet(raw)), CALL),
    Situation(
        "gzip",
        lambda: binary("csv.gz", lambda t, z, raw: raw.write(gzip.compress(frame(t, z).write_csv().encode()))),
        CALL,
    ),
    Situation(
        "NumPy matrix",
        lambda: binary("npy", lambda t, z, raw: np.save(raw, np.column_stack([t, z]))),
        {"q": "2", "velocity": "3", "time": "1", "angle": "2"},
    ),
    Situation("NPZ with three axes", three_axes, {"q": "z1", "velocity": "z2", "time": "t", "angle": "z1"}),
    Situation(
        "MATLAB",
        lambda: binary("mat", lambda t, z, raw: savemat(raw, {"t": t, "theta": z[:, 0], "omega": z[:, 1]})),
        CALL,
    ),
    Situation("pickle", pickled, CALL),
)
