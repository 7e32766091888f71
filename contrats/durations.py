"""Civil durations: n months from a date end the day before the same day, n months later."""

from calendar import monthrange
from datetime import MAXYEAR, date, timedelta


def last_day(start: date, months: int) -> date:
    """Return the last day of a period of so many months.

    From 4 January, one month ends on 3 February. Where that month has no such day (31 January, 29 February…), it
    ends on its last day (code de procédure civile, article 641). Beyond the calendar, its last day.
    """
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    if year > MAXYEAR:
        return date.max
    days = monthrange(year, month)[1]
    if start.day > days:
        return date(year, month, days)
    return date(year, month, start.day) - timedelta(days=1)


def fits_in(start: date, end: date, months: int) -> bool:
    """Say whether a period, both days included, lasts at most so many months."""
    return end <= last_day(start, months)
