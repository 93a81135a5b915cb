"""Dates, times of day and durations, as seconds since the first."""

import re

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from symplect.errors import InputError, one_line
from symplect.tables.places import Place

Seconds = Float[np.ndarray, " rows"]
Whole = Int[np.ndarray, " rows"]
Found = tuple[Seconds, tuple[str, ...]]

_DAY = 86_400  # seconds
_NANO = 1_000_000_000
_SAID = "dates are taken as seconds since the first"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OTHER_MONTHS = {"mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12}
_EPOCHS = {1_000: "milliseconds", 1_000_000: "microseconds", _NANO: "nanoseconds"}
_SINCE, _UNTIL = 631_152_000, 4_102_444_800  # 1990 and 2100, in seconds since 1970
_EXACT = 2**53  # from which on double precision leaves out integers

_TIME = (
    r"(?:(?:[T,]?\s*|[-:])(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?P<fraction>[.,]\d+)?"
    r"\s*(?P<half>[AaPp])?(?:\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$"
)
_ISO = r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TIME
_NUMBERS = r"^(?P<first>\d{1,2})[-/.](?P<other>\d{1,2})[-/.](?P<year>\d{4}|\d{2})" + _TIME
_DAY_WORD = r"^(?P<day>\d{1,2})\.?[- ](?P<word>\p{L}{3,9})\.?[- ](?P<year>\d{4})" + _TIME
_WORD_DAY = r"^(?P<word>\p{L}{3,9})\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})" + _TIME
_YEAR_WORD = r"^(?:A\.D\.\s+)?(?P<year>\d{4})-(?P<word>\p{L}{3})-(?P<day>\d{1,2})" + _TIME
_CLOCK = (
    r"^(?P<sign>[-+])?(?:(?P<days>\d+) days?,? \+?)?(?P<hour>\d+):(?P<minute>\d{2}):(?P<second>\d{2})"
    r"(?P<fraction>[.,]\d+)?\s*(?P<half>[AaPp])?(?:\.?[Mm]\.?)?$"
)
_MINUTES = r"^(?P<sign>[-+])?(?P<minute>\d+):(?P<second>\d{2})(?P<fraction>[.,]\d+)?$"
_DATES = (_ISO, _NUMBERS, _DAY_WORD, _WORD_DAY, _YEAR_WORD)


def seconds_of_text(series: pl.Series, where: Place) -> Found | None:
    """Return what a column of text says of times, if its first cell is a date, a time of day or a duration.

    Args:
        series: Text without white space around it, null where nothing was measured.
        where: Name and lines of the table, for messages.

    Raises:
        InputError: Some cells are of another kind, or there are two ways to read them.
    """
    first = next(iter(series.drop_nulls().head(1)), "")
    if not 5 <= len(first) <= 60 or not (":" in first or re.search(r"\d[-/. ]\S+[-/. ]\d", first)):
        return None
    for pattern in (*_DATES, _CLOCK, _MINUTES):
        if series.head(1000).drop_nulls().head(1).str.contains(pattern).item():
            parts = _Parts(series, pattern, where)
            return _of_dates(parts) if pattern in _DATES else _of_clock(parts, pattern)
    return None


def seconds_of_stamps(series: pl.Series) -> Found:
    """Return dates, times of day or durations of polars as seconds since the first, exact to the nanosecond."""
    known = series.is_not_null().to_numpy()
    if series.dtype == pl.Date:
        unit, ticks = 1, series.to_physical().cast(pl.Int64) * _DAY
    else:
        unit = {"ms": 1_000, "us": 1_000_000, "ns": _NANO}[getattr(series.dtype, "time_unit", None) or "ns"]
        ticks = series.to_physical().cast(pl.Int64)
    whole = ticks.fill_null(0).to_numpy()
    if series.dtype == pl.Duration:
        return _since_zero(whole, unit, known), ("durations are taken in seconds",)
    if series.dtype == pl.Time:
        whole, nights = _over_midnight(whole, _DAY * unit, known)
        return _since_first(whole, unit, known), _clock_notes(nights)
    return _since_first(whole, unit, known), (_SAID,)


def seconds_of_numbers(ticks: Whole | Seconds, known: np.ndarray, *, has_unit: bool) -> Found:
    """Return numbers as times; those that count milliseconds or less since 1970 become seconds since the first.

    Args:
        ticks: Whole numbers, which keep all their digits, or others.
        known: Where they were measured.
        has_unit: Whether the column's name says the unit, which is kept then.
    """
    own = ticks[known]
    for unit, name in _EPOCHS.items():
        if len(own) and not has_unit and _SINCE * unit <= own.min() and own.max() < _UNTIL * unit:
            return _since_first(ticks, unit, known), (f"times are {name} since 1970, taken as seconds since the first",)
    if ticks.dtype.kind == "i" and len(own) and np.max(np.abs(own.astype(float))) >= _EXACT:
        return _since_first(ticks, 1, known), ("times are large numbers, counted from the first",)
    return np.where(known, ticks.astype(float), np.nan), ()


class _Parts:
    """The parts of a column of times, such as its hours, as whole numbers."""

    def __init__(self, series: pl.Series, pattern: str, where: Place):
        self.series, self.where = series, where
        self.known = series.is_not_null().to_numpy()
        self._found = series.str.extract_groups(pattern).struct.unnest()
        odd = series.is_not_null() & ~series.str.contains(pattern)
        self.require(odd.to_numpy(), "is no time of the kind of the first: write all in one way")

    def require(self, odd: np.ndarray, what: str) -> None:
        """Refuse the first of the odd cells."""
        odd = odd & self.known
        if np.any(odd):
            row = int(np.argmax(odd))
            raise InputError(
                f"expected times in column {one_line(self.series.name, 40)!r} of {self.where}, found "
                f"{one_line(self.series[row], 40)!r} in {self.where.row(row)}, which {what}"
            )

    def text(self, name: str) -> pl.Series:
        """Return a part as text; empty where it lacks."""
        if name not in self._found.columns:
            return pl.Series([""]).new_from_index(0, self._found.height)
        return self._found[name].fill_null("")

    def has(self, name: str) -> bool:
        """Whether any cell has a part."""
        return bool((self.text(name) != "").any())

    def number(self, name: str) -> Whole:
        """Return a part as whole numbers; 0 where it lacks."""
        return self.text(name).cast(pl.Int64, strict=False).fill_null(0).to_numpy()

    def nanoseconds(self) -> Whole:
        """Return the time of day, or the length of a duration, in nanoseconds."""
        hour, minute, second = (self.number(part) for part in ("hour", "minute", "second"))
        half = self.text("half").str.to_lowercase().to_numpy()
        self.require((half != "") & ((hour < 1) | (hour > 12)), "has no hour of a clock of twelve hours")
        hour = np.where(half == "", hour, hour % 12 + 12 * (half == "p"))
        self.require(second > 60, "has more than 60 seconds")
        digits = self.text("fraction").str.slice(1, 9).str.pad_end(9, "0")
        whole = (self.number("days") * 24 + hour) * 3600 + minute * 60 + second
        own = whole * _NANO + digits.cast(pl.Int64).to_numpy()
        return np.where(self.text("sign").to_numpy() == "-", -own, own)


def _of_dates(parts: _Parts) -> Found:
    year, month, day = parts.number("year"), parts.number("month"), parts.number("day")
    year = np.where(parts.text("year").str.len_chars().to_numpy() == 2, 2000 + year, year)
    clock = parts.nanoseconds()
    parts.require((clock >= _DAY * _NANO) | (parts.number("minute") > 59), "is no time of day")
    if parts.has("word"):
        names = {name: i % 12 + 1 for i, name in enumerate(_MONTHS)} | _OTHER_MONTHS
        words = parts.text("word").str.to_lowercase().str.slice(0, 3)
        month = words.replace_strict(names, default=0, return_dtype=pl.Int64).to_numpy()
    zone = parts.text("zone")
    mixed = (zone == "").to_numpy() != bool(zone.filter(pl.Series(parts.known))[0] == "")
    parts.require(mixed, "has a time zone where others have none, or none where others have one")
    clock = clock - _offsets(zone) * _NANO
    if parts.has("first"):
        return _of_either_order(parts, year, clock)
    return _since_first(_days(parts, year, month, day) * _DAY * _NANO + clock, _NANO, parts.known), (_SAID,)


def _of_either_order(parts: _Parts, year: Whole, clock: Whole) -> Found:
    """Return dates of which day or month may stand first: the whole column decides."""
    one, other = parts.number("first"), parts.number("other")
    known = parts.known
    dots = "." in parts.series.drop_nulls()[0][:3]
    day_first, month_first = bool(np.any(one[known] > 12)) or dots, bool(np.any(other[known] > 12)) and not dots
    if day_first != month_first:
        day, month = (one, other) if day_first else (other, one)
        return _since_first(_days(parts, year, month, day) * _DAY * _NANO + clock, _NANO, known), (_SAID,)
    if day_first:
        parts.require(other > 12, "has the month first where others have the day first: write all in one way")
    ways = [_days(parts, year, month, day) * _DAY * _NANO + clock for day, month in ((one, other), (other, one))]
    seconds = [_since_first(way, _NANO, known) for way in ways]
    if np.array_equal(seconds[0][known], seconds[1][known]):
        return seconds[0], (_SAID,)
    grow = [bool(np.all(np.diff(own[known]) >= 0)) for own in seconds]
    if grow[0] != grow[1]:
        name = "day" if grow[0] else "month"
        return seconds[0 if grow[0] else 1], (f"{_SAID}; the {name} stands first, or times would go back",)
    parts.require(known, "may have the day or the month first: write dates as 2026-11-26")
    raise AssertionError


def _of_clock(parts: _Parts, pattern: str) -> Found:
    if pattern == _MINUTES and not parts.has("fraction"):
        unsure = np.all(parts.number("minute")[parts.known] < 24)
        parts.require(parts.known & unsure, "may be hours and minutes, or minutes and seconds: write 00:14:05")
    parts.require(parts.number("minute") > (59 if pattern == _CLOCK else np.inf), "has more than 59 minutes")
    ticks = parts.nanoseconds()
    if pattern == _MINUTES:
        return _since_first(ticks, _NANO, parts.known), ("minutes and seconds are taken as seconds since the first",)
    of_day = not parts.has("days") and bool(np.all(parts.number("hour")[parts.known] < 24))
    nights = 0
    if of_day:
        ticks, nights = _over_midnight(ticks, _DAY * _NANO, parts.known)
    return _since_first(ticks, _NANO, parts.known), _clock_notes(nights)


def _clock_notes(nights: int) -> tuple[str, ...]:
    midnight = "; they go on over midnight" if nights else ""
    return (f"times of day are taken as seconds since the first{midnight}",)


def _over_midnight(ticks: Whole, day: int, known: np.ndarray) -> tuple[Whole, int]:
    """Return times of day that go on where a day ends, which is where they fall by more than half a day."""
    found = ticks.copy()
    steps = np.diff(ticks[known], prepend=ticks[known][:1])
    days = np.cumsum((steps < -day // 2).astype(np.int64) - (steps > day // 2))
    found[known] += day * (days - np.min(days, initial=0))
    return found, int(np.ptp(days)) if len(days) else 0


def _days(parts: _Parts, year: Whole, month: Whole, day: Whole) -> Whole:
    """Return days since 1970."""
    parts.require((month < 1) | (month > 12) | (day < 1) | (day > 31), "is no date")
    months = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    first, after = (own.astype("M8[M]").astype("M8[D]").astype(np.int64) for own in (months, months + 1))
    parts.require(first + day > after, "is no date")
    return first + day - 1


def _offsets(zone: pl.Series) -> Whole:
    """Return the seconds by which local time is ahead."""
    digits = zone.str.replace(":", "", literal=True)
    ahead = digits.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0) * 3600
    ahead += digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0) * 60
    return ahead.to_numpy() * np.where(zone.str.starts_with("-").to_numpy(), -1, 1)


def _since_first(ticks: Whole | Seconds, unit: int, known: np.ndarray) -> Seconds:
    """Return seconds since the earliest; whole ticks are subtracted before they lose digits."""
    earliest = np.min(ticks[known]) if np.any(known) else 0
    return _since_zero(ticks - earliest, unit, known)


def _since_zero(ticks: Whole | Seconds, unit: int, known: np.ndarray) -> Seconds:
    return np.where(known, ticks // unit + (ticks % unit) / unit, np.nan)
