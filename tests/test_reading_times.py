"""Dates, times of day and durations: every way to write them gives the same seconds."""

import datetime

import numpy as np
import polars as pl
import pytest

from symplect.errors import InputError
from symplect.tables import Columns, read

ROLES = Columns(q=("x",), p=("v",), time="t")
SECONDS = np.arange(60) * 0.25
START = datetime.datetime(2026, 11, 26, 23, 59, 53)
STAMPS = [START + datetime.timedelta(seconds=second) for second in SECONDS]


def table(cells):
    return pl.DataFrame({"t": cells, "x": np.cos(SECONDS), "v": -np.sin(SECONDS)})


def thousandths(pattern):
    return lambda stamp: stamp.strftime(pattern)[:-3]


def twelve_hours(stamp):
    return stamp.strftime("%m/%d/%Y %I:%M:%S.%f %p")


def minutes(stamp):
    minute, second = divmod((stamp - START).total_seconds() + 50.0, 60.0)
    return f"{minute:02.0f}:{second:06.3f}"


WAYS = {
    "ISO": lambda stamp: stamp.isoformat(timespec="milliseconds"),
    "ISO, Z": lambda stamp: stamp.isoformat(timespec="milliseconds") + "Z",
    "ISO, offset": lambda stamp: stamp.isoformat(timespec="milliseconds") + "+02:00",
    "a space": thousandths("%Y-%m-%d %H:%M:%S.%f"),
    "Python's logging": thousandths("%Y-%m-%d %H:%M:%S,%f"),
    "slashes, year first": thousandths("%Y/%m/%d %H:%M:%S.%f"),
    "German": thousandths("%d.%m.%Y %H:%M:%S,%f"),
    "German, short year": thousandths("%d.%m.%y %H:%M:%S,%f"),
    "US": thousandths("%m/%d/%Y %H:%M:%S.%f"),
    "US, twelve hours": twelve_hours,
    "British": thousandths("%d/%m/%Y %H:%M:%S.%f"),
    "MATLAB": thousandths("%d-%b-%Y %H:%M:%S.%f"),
    "month in words": thousandths("%b %d, %Y %H:%M:%S.%f"),
    "ephemeris": thousandths("A.D. %Y-%b-%d %H:%M:%S.%f"),
    "clock": thousandths("%H:%M:%S.%f"),
    "clock, decimal comma": thousandths("%H:%M:%S,%f"),
    "clock, twelve hours": lambda stamp: stamp.strftime("%I:%M:%S.%f %p"),
    "timedelta": lambda stamp: str(stamp - STAMPS[0] + datetime.timedelta(hours=23, minutes=59, seconds=53)),
    "minutes": minutes,
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_time_gives_the_same_seconds(way):
    found = read(table([WAYS[way](stamp) for stamp in STAMPS]), ROLES)
    np.testing.assert_allclose(found.data.times, SECONDS, rtol=0, atol=1e-12)
    assert len(found.notes) == 1, found.notes
    assert "seconds since the first" in found.notes[0]


def test_a_clock_goes_on_over_midnight_and_says_so():
    found = read(table([stamp.strftime("%H:%M:%S.%f") for stamp in STAMPS]), ROLES)
    assert found.data.lengths == (60,)
    assert "over midnight" in found.notes[0]


def test_a_clock_that_begins_again_on_one_day_is_a_second_trial():
    clock = [f"10:00:{second:06.3f}" for second in SECONDS]
    found = read(pl.concat([table(clock), table(clock)]), ROLES)
    assert found.data.lengths == (60, 60)


TYPED = {
    "microseconds": pl.Series(STAMPS, dtype=pl.Datetime("us")),
    "nanoseconds": pl.Series(STAMPS, dtype=pl.Datetime("us")).cast(pl.Datetime("ns")),
    "milliseconds": pl.Series(STAMPS, dtype=pl.Datetime("us")).cast(pl.Datetime("ms")),
    "time zone": pl.Series(STAMPS, dtype=pl.Datetime("us")).dt.replace_time_zone("Europe/Berlin"),
    "duration": pl.Series([stamp - START for stamp in STAMPS], dtype=pl.Duration("us")),
    "time of day": pl.Series([stamp.time() for stamp in STAMPS], dtype=pl.Time),
}


@pytest.mark.parametrize("kind", TYPED)
def test_typed_times_give_the_same_seconds(kind):
    np.testing.assert_allclose(read(table(TYPED[kind]), ROLES).data.times, SECONDS, rtol=0, atol=1e-12)


EPOCH = 1_795_737_593


@pytest.mark.parametrize("per_second", [10**3, 10**6, 10**9])
@pytest.mark.parametrize("as_text", [False, True])
def test_numbers_since_1970_become_seconds_and_keep_their_digits(per_second, as_text):
    cells = [EPOCH * per_second + round(second * per_second) for second in SECONDS]
    found = read(table([str(cell) for cell in cells] if as_text else cells), ROLES)
    np.testing.assert_array_equal(found.data.times, SECONDS)
    assert "since 1970" in found.notes[0]


def test_nanoseconds_keep_steps_that_double_precision_would_lose():
    cells = EPOCH * 10**9 + np.arange(60) * 3
    np.testing.assert_allclose(np.diff(read(table(cells), ROLES).data.times), 3e-9, rtol=1e-9)


def test_a_unit_in_the_name_is_kept():
    cells = pl.Series([EPOCH * 10**3 + 250 * k for k in range(60)])
    found = read(table(cells).rename({"t": "t [ms]"}), ROLES)
    np.testing.assert_allclose(np.diff(found.data.times), 250.0)
    assert found.time_unit == "ms"


def test_plain_numbers_stay_as_they_are():
    for cells in (np.arange(60), np.arange(60) + 1e6, np.arange(60) * 1e-9):
        np.testing.assert_array_equal(read(table(cells), ROLES).data.times, cells)


def test_the_order_of_day_and_month_follows_from_the_whole_column():
    days = [f"{day:02d}/03/2026 00:00:00" for day in range(1, 13)]  # 1 to 12 March, or the 3rd of every month
    own = table(SECONDS)[: len(days)].with_columns(t=pl.Series([*days[:-1], "13/03/2026 00:00:00"]))
    steps = np.diff(read(own, ROLES).data.times)
    np.testing.assert_allclose(steps, [86_400.0] * 10 + [2 * 86_400.0])


def test_dates_of_one_day_need_no_order():
    found = read(table([stamp.strftime("03/04/2026 10:00:%S.%f") for stamp in STAMPS[28:]] + [
        f"03/04/2026 10:01:{second:06.3f}" for second in SECONDS[:28]
    ]), ROLES)  # fmt: skip
    np.testing.assert_allclose(found.data.times[:32], SECONDS[:32], atol=1e-9)


ODD = {
    "two orders": ([f"{day:02d}/03/2026 00:00:00" for day in range(1, 12)], "day or the month first"),
    "hours or minutes": ([f"14:{minute:02d}" for minute in range(5, 17)], "hours and minutes, or minutes and seconds"),
    "no such day": ([f"2026-02-{day:02d} 00:00:00" for day in range(20, 32)], "'2026-02-29 00:00:00' in row 10"),
    "no such minute": ([f"10:{minute}:00" for minute in range(50, 62)], "'10:60:00' in row 11"),
    "mixed": ([f"2026-02-10 00:00:{second}" for second in range(10, 21)] + ["noon"], "'noon' in row 12"),
    "mixed zones": ([f"2026-02-10 00:00:{s}{'Z' * (s > 15)}" for s in range(10, 22)], "time zone"),
    "mixed orders": (["13/02/2026 00:00:00"] + [f"02/{day}/2026 00:00:00" for day in range(14, 24)], "in row 2"),
}


@pytest.mark.parametrize("odd", ODD)
def test_times_that_can_be_read_in_two_ways_are_refused(odd):
    cells, message = ODD[odd]
    with pytest.raises(InputError, match=message):
        read(table(SECONDS)[: len(cells)].with_columns(t=pl.Series(cells)), ROLES)


@pytest.mark.parametrize("word", ["inf", "-inf", "Infinity", "1e400"])
def test_infinite_times_are_no_missing_ones(word):
    for cells in ([*map(str, SECONDS[:-1]), word], [word, *map(str, SECONDS[1:])]):
        with pytest.raises(InputError, match=r"column 't'.*found -?inf in row"):
            read(table(cells), ROLES)
    with pytest.raises(InputError, match=r"found -?inf in row 60"):
        read(table([*SECONDS[:-1], float(word)]), ROLES)


def test_missing_times_are_left_out_and_counted():
    cells = [stamp.isoformat() for stamp in STAMPS]
    cells[7] = "n/a"
    found = read(table(cells), ROLES)
    np.testing.assert_allclose(found.data.times, np.delete(SECONDS, 7), atol=1e-12)
    assert any("1 row with missing" in note for note in found.notes)
