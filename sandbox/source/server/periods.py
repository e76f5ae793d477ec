"""How often a loan is repaid, and on which days."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Period:
    """The time from one instalment to the next: so many months, or so many weeks."""

    name: str
    per_year: int
    months: int = 0
    weeks: int = 0

    def due(self, start: date, number: int) -> date:
        """Return the day an instalment is due; the 31st becomes the last day of a short month."""
        years, month = divmod(start.month - 1 + self.months * number, 12)
        year = start.year + years
        day = min(start.day, monthrange(year, month + 1)[1])
        return date(year, month + 1, day) + timedelta(weeks=self.weeks * number)


MONTHLY = Period("monthly", 12, months=1)
QUARTERLY = Period("quarterly", 4, months=3)
WEEKLY = Period("weekly", 52, weeks=1)

PERIODS = {period.name: period for period in (MONTHLY, QUARTERLY, WEEKLY)}
