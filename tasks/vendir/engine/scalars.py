"""What a bare YAML scalar means to the original, and how it reads once it is text again.

The original types a bare scalar by the rules of YAML 1.1 as Go's `yaml.v2` has them, and then turns
it back into text when a field wants text: `010` becomes `8`, `1.10` becomes `1.1`, `off` becomes
`false`. Writing follows the same rules: text that would read as another type is quoted.
"""

from __future__ import annotations

import math
import re
import struct
from typing import Final, Literal

Kind = Literal["null", "bool", "int", "float", "time", "text"]

_TRUE: Final = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE: Final = frozenset(
    ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
)
_NULL: Final = frozenset(["", "~", "null", "Null", "NULL"])
_NAN: Final = frozenset([".nan", ".NaN", ".NAN"])
_INFINITE: Final = frozenset(
    sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
)
_NUMBER_STARTS: Final = frozenset("+-0123456789")
# Compiled when first asked for: few configurations have numbers or dates.
_DECIMAL: Final = r"[-+]?(?:0|[1-9][0-9]*)"
_PREFIXED: Final = r"[-+]?0(?:[xX](?P<x>[0-9a-fA-F]+)|[oO]?(?P<o>[0-7]+)|[bB](?P<b>[01]+))"
_FLOAT: Final = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_POINT_FLOAT: Final = r"\.[0-9]+(?:[eE][-+]?[0-9]+)?"
_BASE_60: Final = r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
_DATE: Final = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_CLOCK: Final = (
    r"(?:[Tt](?P<h>\d{1,2}):(?P<m>\d{1,2}):(?P<s>\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)"
    r"|[ ](?P<h2>\d{1,2}):(?P<m2>\d{1,2}):(?P<s2>\d{1,2})(?:[.,]\d+)?)"
)


def integer(bare: str) -> int | None:
    """Return the integer that a bare scalar is; None when it is none (or needs over 64 bits)."""
    if bare[:1] not in _NUMBER_STARTS:
        return None
    plain = bare.replace("_", "")
    if re.fullmatch(_DECIMAL, plain):
        value = int(plain)
    elif found := re.fullmatch(_PREFIXED, plain, re.ASCII):
        base = {"x": 16, "o": 8, "b": 2}[found.lastgroup or "o"]
        value = int(found[found.lastgroup or "o"], base) * (-1 if plain[0] == "-" else 1)
    else:
        return None
    most = 2**63 if plain[0] in "+-" else 2**64
    return value if -(2**63) <= value < most else None


def _number(bare: str) -> float | None:
    """Return the fraction that a bare scalar is; None when it is none, or too large for one."""
    if bare in _NAN:
        return math.nan
    if bare in _INFINITE:
        return -math.inf if bare[0] == "-" else math.inf
    if bare[:1] == ".":
        well_formed = re.fullmatch(_POINT_FLOAT, bare)
    else:
        starts_well = bare[:1] in _NUMBER_STARTS
        bare = bare.replace("_", "")
        well_formed = re.fullmatch(_FLOAT, bare) if starts_well else None
    if not well_formed:
        return None
    value = float(bare)
    return None if math.isinf(value) else value


def _is_time(bare: str) -> bool:
    found = re.match(_DATE, bare, re.ASCII) if bare[:1] in _NUMBER_STARTS else None
    if not found:
        return False
    from datetime import date

    try:
        date(*(int(part) for part in found.groups()))
    except ValueError:
        return False
    rest = bare[found.end() :]
    clock = re.fullmatch(_CLOCK, rest, re.ASCII)
    if clock:
        hour, minute, second = (int(part) for part in clock.groups() if part is not None)
        return hour < 24 and minute < 60 and second < 60
    return not rest


def kind(bare: str) -> Kind:
    """Return the type of a bare scalar."""
    if bare in _NULL:
        return "null"
    if bare in _TRUE or bare in _FALSE:
        return "bool"
    if _is_time(bare):
        return "time"
    if integer(bare) is not None:
        return "int"
    if _number(bare) is not None:
        return "float"
    return "text"


def truth(bare: str) -> bool | None:
    """Return the truth value that a bare scalar is; None when it is none."""
    return True if bare in _TRUE else False if bare in _FALSE else None


def as_text(bare: str) -> str:
    """Return a bare scalar as a text field receives it; nothing for null."""
    if bare in _NULL:
        return ""
    if (flag := truth(bare)) is not None:
        return "true" if flag else "false"
    if _is_time(bare):
        return bare
    if (whole := integer(bare)) is not None:
        return str(whole)
    number = _number(bare)
    return bare if number is None else _short(number)


def needs_quotes(text: str) -> bool:
    """Say whether text would read as another type, were it written bare."""
    if text[:1] in _NUMBER_STARTS and re.fullmatch(_BASE_60, text):
        return True
    return kind(text) != "text"


def _short(value: float) -> str:
    """Write a number with the fewest digits that tell it from its 32-bit neighbours."""
    if math.isnan(value):
        return "NaN"
    try:
        (single,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isinf(single):
        return "+Inf" if single > 0 else "-Inf"
    for digits in range(9):
        written = f"{single:.{digits}e}"
        if struct.pack("f", float(written)) == struct.pack("f", single):
            break
    mantissa, _, exponent = written.partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        return f"{single:.{max(digits - power, 0)}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
