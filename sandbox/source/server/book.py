"""The loans of the demonstration bank, and the ledger that follows from them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .ledger import Entry, Ledger
from .periods import MONTHLY, QUARTERLY, Period
from .schedule import Instalment, schedule


@dataclass(frozen=True)
class Loan:
    """A loan as it was agreed, and how many instalments have been paid so far."""

    number: str
    customer: str
    product: str
    principal: Decimal
    yearly_rate: Decimal
    instalments: int
    period: Period
    start: date
    paid: int

    def plan(self) -> list[Instalment]:
        """Return the whole repayment schedule."""
        return schedule(
            self.principal, self.yearly_rate, self.instalments, self.period, self.start
        )

    def summary(self) -> dict[str, object]:
        """Return what the apps show of a loan."""
        plan = self.plan()
        owed = plan[self.paid - 1].balance if self.paid else self.principal
        return {
            "number": self.number,
            "customer": self.customer,
            "product": self.product,
            "principal": self.principal,
            "yearly_rate": self.yearly_rate,
            "owed": owed,
            "paid": self.paid,
            "instalments": self.instalments,
        }


def loans() -> list[Loan]:
    """Return the loans of the demonstration bank."""
    return [
        Loan("L-1001", "Alda Pereira", "home", Decimal("182000.00"), Decimal("4.1"), 240, MONTHLY,
             date(2024, 3, 31), 20),
        Loan("L-1002", "Bruno Costa", "car", Decimal("18400.00"), Decimal("6.75"), 48, MONTHLY,
             date(2025, 1, 15), 11),
        Loan("L-1003", "Celia Duarte", "business", Decimal("65000.00"), Decimal("5.5"), 20,
             QUARTERLY, date(2024, 6, 30), 6),
        Loan("L-1004", "Davi Esteves", "car", Decimal("9750.50"), Decimal("7.2"), 36, MONTHLY,
             date(2025, 11, 28), 1),
    ]  # fmt: skip


def ledger() -> Ledger:
    """Return the ledger after every payment of every loan so far."""
    books = Ledger()
    for loan in loans():
        books.post(Entry(f"loan:{loan.number}", "cash", loan.principal, "paid out"))
        for instalment in loan.plan()[: loan.paid]:
            text = f"instalment {instalment.number}"
            books.post(Entry("cash", f"loan:{loan.number}", instalment.principal, text))
            books.post(Entry("cash", "income:interest", instalment.interest, text))
    return books
