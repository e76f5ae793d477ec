"""A double-entry ledger: every amount leaves one account and enters another."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from .money import cents


@dataclass(frozen=True)
class Entry:
    """One booking of `amount` from the account `credit` to the account `debit`."""

    debit: str
    credit: str
    amount: Decimal
    text: str = ""


class Ledger:
    """The entries in the order they were posted, with a running balance for each account."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._balances: defaultdict[str, Decimal] = defaultdict(Decimal)

    def post(self, entry: Entry) -> None:
        """Book `entry`; its amount must be positive, in whole cents, and between two accounts."""
        if entry.amount <= 0 or entry.amount != cents(entry.amount):
            raise ValueError(f"{entry.amount} is not a positive amount in whole cents")
        if entry.debit == entry.credit:
            raise ValueError(f"an entry needs two accounts, not {entry.debit!r} twice")
        self.entries.append(entry)
        self._balances[entry.debit] += entry.amount
        self._balances[entry.credit] -= entry.amount

    def balance(self, account: str) -> Decimal:
        """Return debits less credits of `account`, zero when it was never used."""
        return self._balances.get(account, Decimal(0))

    def trial_balance(self) -> dict[str, Decimal]:
        """Return every account's balance by name; their sum is always zero."""
        return dict(sorted(self._balances.items()))
