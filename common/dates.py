"""Civil dates: those of the place where the thing happens, never the server's."""

from datetime import date
from zoneinfo import ZoneInfo

from django.utils import timezone

# Where nothing says which place is meant.
FUSEAU_PAR_DEFAUT = "Europe/Paris"


def today_in(fuseau: str = FUSEAU_PAR_DEFAUT) -> date:
    return timezone.localdate(timezone=ZoneInfo(fuseau))


def age_on(birth: date, day: date) -> int:
    """Return the age reached on `day`. Someone born on 29 February turns on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def birthday(birth: date, age: int) -> date:
    """Return the day someone reaches an age."""
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:  # 29 February
        return date(birth.year + age, 3, 1)
