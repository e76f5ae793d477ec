"""The command line: `lana-cli serve`, `lana-cli version`, `lana-cli schedule …`."""

import argparse
import sys
from datetime import date

from .periods import PERIODS
from .queries import BadQuery, plan_of
from .stamp import stamp
from .web import serve


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked = _parser().parse_args(arguments)
    if asked.command == "serve":
        serve()
    elif asked.command == "version":
        now = stamp()
        print(f"lana-cli {now.version} ({now.commit})")
    else:
        names = ("principal", "rate", "instalments", "period", "start")
        query = {name: getattr(asked, name) for name in names if getattr(asked, name) is not None}
        try:
            plan = plan_of(query, date.today())
        except BadQuery as error:
            print(f"lana-cli: {error}", file=sys.stderr)
            return 2
        for line in plan:
            print(f"{line.number:4}  {line.due}  {line.payment:>14}  {line.balance:>14}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lana-cli", description="The server of lana-bank.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve HTTP at HOST and PORT")
    commands.add_parser("version", help="print version and commit")
    plan = commands.add_parser("schedule", help="print a repayment schedule")
    plan.add_argument("principal", help="the amount lent")
    plan.add_argument("rate", help="interest in per cent a year")
    plan.add_argument("--instalments", help="how many payments (12)")
    plan.add_argument("--period", help=f"one of {', '.join(PERIODS)} (monthly)")
    plan.add_argument("--start", help="the day it is paid out, as 2026-01-31 (today)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
