"""Readers of what is made: input sets, binary, apps and images, and the chart they end up in."""

from __future__ import annotations

import re

from .grammar import (
    ARGUMENT,
    BASE_IMAGE,
    FILE,
    LABEL,
    NAME,
    PATH,
    REPOSITORY,
    VALUE_PATH,
    VARIABLE,
    Grammar,
)
from .model import App, Binary, Chart, Image
from .readers import (
    Reader,
    Spot,
    choice,
    command,
    duration,
    each,
    flag,
    number,
    text,
    without_repeats,
)
from .records import Fields, named, refer, reference
from .secrets import quoted

_DOCKERFILE = "Dockerfile"
_CHART_LABEL = "galoybot"
_MOST_ATTEMPTS = 10
_TIMEOUT = 3600.0  # seconds


def _absolute(path: str) -> str:
    if not path.startswith("/") or not path.strip("/"):
        return "is no place outside of the checkout (expected an absolute path, such as /nix/store)"
    return FILE.complaint(path[1:])


def _asset(name: str) -> str:
    # What GitHub keeps of a name; the embedded forge is no wider, so that one can become the other.
    if re.fullmatch(r"[A-Za-z0-9_+-](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+-])?", name):
        return ""
    return "cannot be the name of an asset (expected letters, digits and . _ + -)"


_ASSET = Grammar("the name of an asset", _asset)
_CHECKSUMS = "checksums.txt"  # the release's own
_STORE = Grammar("an absolute path", _absolute)


def input_set(_name: str, spot: Spot) -> tuple[str, ...]:
    """Read one set of paths."""
    return without_repeats(each(text(PATH), expected="a list of paths", least=1))(spot)


def uses(least: int = 1) -> Reader[tuple[str, ...]]:
    """Return the reader of a list of names of input sets."""
    names = each(reference("inputs"), expected="a list of input sets", least=least)
    return without_repeats(names)


def variables(spot: Spot) -> dict[str, str]:
    """Read variables and their values, each value as it is written."""
    return named("", lambda _name, value: text(ARGUMENT)(value), VARIABLE)(spot)


def artifacts(spot: Spot) -> tuple[Binary | None, dict[str, App]]:
    """Read what images are made from."""
    fields = Fields(spot, "binary", "apps")
    if fields.complete:
        for kind in ("binary", "apps"):
            if kind not in fields and spot.kind() in {"a mapping", "nothing"}:
                spot.sheet.names[kind] = set()
    return fields.get("binary", binary, None), fields.get("apps", named("apps", app), {})


def binary(spot: Spot) -> Binary:
    """Read how the binary is made."""
    known = ("name", "inputs", "command", "output", "outputs", "env", "secrets")
    fields = Fields(spot, *known, "attempts", "timeout", "store", "assets")
    read = Binary(
        name=fields.need("name", text(NAME)),
        inputs=fields.need("inputs", uses()),
        command=fields.need("command", command),
        output=fields.need("output", text(FILE)),
        env=fields.get("env", variables, {}),
        outputs=fields.get("outputs", without_repeats(each(text(FILE))), ()),
        secrets=fields.get("secrets", without_repeats(each(text(VARIABLE))), ()),
        attempts=fields.get("attempts", number(1, _MOST_ATTEMPTS), 1),
        timeout=fields.get("timeout", duration, _TIMEOUT),
        store=fields.get("store", text(_STORE), ""),
        assets=fields.get("assets", named("", lambda _name, value: text(FILE)(value), _ASSET), {}),
    )
    _agree_on_assets(read, spot)
    if read.output in read.outputs:
        message = f"{quoted(read.output)} is the binary itself (expected other files)"
        spot.sheet.mistake_at(f"{spot.key}.outputs", message)
    if read.name:
        spot.sheet.names["binary"] = {read.name}
    return read


def _agree_on_assets(read: Binary, spot: Spot) -> None:
    """Note an asset that is none of the outputs, and one that takes the place of another."""
    for name, path in read.assets.items():
        key = f"{spot.key}.assets.{name}"
        if path and path not in read.outputs:
            message = f"{quoted(path)} is not among outputs (expected one of them)"
            spot.sheet.mistake_at(key, message)
        if name in (read.name, _CHECKSUMS):
            message = f"every release has {quoted(name)} already (expected another name)"
            spot.sheet.mistake_at(key, message)


def app(name: str, spot: Spot) -> App:
    """Read one app."""
    fields = Fields(spot, "inputs", "env-file", "variable")
    return App(
        name=name,
        inputs=fields.need("inputs", uses()),
        env_file=fields.need("env-file", text(FILE)),
        variable=fields.need("variable", text(VARIABLE)),
    )


def image(name: str, spot: Spot) -> Image:
    """Read one image."""
    known = ("repository", "inputs", "context", "dockerfile", "binary", "app", "args")
    fields = Fields(spot, *known, "base")
    if "repository" not in fields and not NAME.complaint(name) and REPOSITORY.complaint(name):
        spot.mistake(f"{REPOSITORY.complaint(name)}; a repository: beside it can differ")
    if "base" in fields and "BASE" in fields.get("args", variables, {}):
        spot.mistake("both base and args.BASE say what it is built on (expected one of them)")
    candidate, release = fields.get("dockerfile", dockerfiles, (_DOCKERFILE, _DOCKERFILE))
    return Image(
        name=name,
        repository=fields.get("repository", text(REPOSITORY), name),
        inputs=fields.need("inputs", uses()),
        context=fields.get("context", text(PATH), "."),
        dockerfile_candidate=candidate,
        dockerfile_release=release,
        binary=fields.get("binary", reference("binary"), None),
        app=fields.get("app", reference("apps"), None),
        args=fields.get("args", variables, {}),
        base=fields.get("base", text(BASE_IMAGE), ""),
    )


def dockerfiles(spot: Spot) -> tuple[str, str]:
    """Read one Dockerfile for both, or one for candidates and one for releases."""
    if spot.kind() == "a mapping":
        fields = Fields(spot, "candidate", "release")
        return fields.need("candidate", text(FILE)), fields.need("release", text(FILE))
    both = text(FILE._replace(expected="text or {candidate, release}"))(spot)
    return both, both


def chart(spot: Spot) -> Chart:
    """Read where the chart is, and where in it the digests stand."""
    known = ("path", "values", "images", "labels", "version", "modules", "inputs", "candidate")
    fields = Fields(spot, *known)
    path = fields.need("path", text(PATH))
    names = (_CHART_LABEL, path.rpartition("/")[2])
    return Chart(
        path=path,
        values=fields.get("values", text(FILE), "values.yaml"),
        images=fields.need("images", named("", _digest)),
        labels=fields.get(
            "labels",
            without_repeats(each(text(LABEL))),
            tuple(name for name in names if name != "."),
        ),
        version=fields.get("version", choice("patch", "keep"), "patch"),
        candidate=fields.get("candidate", flag, True),
        modules=fields.get("modules", named("", _module, FILE), {}),
        inputs=fields.get("inputs", uses(), ()),
    )


def _module(_target: str, spot: Spot) -> str:
    return text(FILE)(spot)


def _digest(name: str, spot: Spot) -> str:
    refer("images", name, spot)
    return text(VALUE_PATH)(spot)
