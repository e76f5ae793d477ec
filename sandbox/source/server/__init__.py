"""The server of lana-bank: loans with repayment schedules, a small ledger, and both over HTTP."""
