"""What a container's process is on this machine: its arguments, environment, folder and ports.

There is no chroot and no network of its own. Paths of the image are mapped into the unpacked root,
what says where to listen is set to the ports that the pod was given, and `SERVICE:PORT` becomes the
address where the service is reached.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tasks.kernel.errors import SlipwayError
from tasks.kernel.facts import canonical

from . import rootfs, variables
from .images import Image
from .manifests import Wish
from .processes import Launch

HOST = "127.0.0.1"
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PORT_VARIABLE = re.compile(r"(?:^|_)PORT$", re.IGNORECASE)
_PORT_OPTION = re.compile(r"(?P<option>--?[-\w]*port)(?:=(?P<port>[0-9]+))?", re.IGNORECASE)
_ANYWHERE = re.compile(r"(?P<host>0\.0\.0\.0|\[::\]|127\.0\.0\.1|localhost|):(?P<port>[0-9]+)")
_SCHEMES = {"http": "80", "https": "443"}


def launch(
    wish: Wish,
    image: Image,
    namespace: str,
    listens: Mapping[str, int],
    ports: Mapping[int, int],
) -> Launch:
    """Return how to start a pod.

    Args:
        wish: the workload.
        image: that it runs.
        namespace: that it is in.
        listens: `SERVICE:PORT` to the port on this machine.
        ports: container port to port on this machine.

    Raises:
        SlipwayError: the image's program, or its folder, is not there.
    """
    env = _environment(wish, image, namespace, listens, ports)
    argv = [variables.expand(word, env) for word in _argv(wish, image)]
    argv = [_mapped(image.root, word) for word in _listening(argv, ports)]
    argv[0] = _program(wish, image, argv[0], env["PATH"])
    folder = rootfs.inside(
        image.root, wish.container.cwd or image.settings.get("WorkingDir") or "/"
    )
    if not folder.is_dir():
        raise SlipwayError(
            f"the working folder {wish.container.cwd or image.settings.get('WorkingDir')} is not "
            "in the image",
            where=wish.name,
        )
    return Launch(tuple(argv), env, str(folder))


def spec_of(wish: Wish, image: Image, namespace: str, listens: Mapping[str, int]) -> str:
    """Return a digest of all that makes a pod what it is, its own ports left out."""
    container = wish.container
    env = _environment(wish, image, namespace, listens, {})
    value = {
        "image": image.digest,
        "argv": list(_argv(wish, image)),
        # Where Slipway itself runs from is no reason to replace a pod.
        "env": {name: text for name, text in env.items() if name != "PATH"},
        "cwd": container.cwd,
        "ports": container.ports,
        "probes": {kind: repr(probe) for kind, probe in container.probes.items()},
    }
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def addressed(text: str, namespace: str, listens: Mapping[str, int]) -> str:
    """Replace the addresses of services in a text by those on this machine.

    `SERVICE:PORT` counts wherever no longer name begins or ends there, also with
    `.NAMESPACE`, `.svc` or `.svc.cluster.local` behind the name; `http://SERVICE` means port 80.
    """
    names: dict[str, dict[str, int]] = {}
    for key, port in listens.items():
        name, _, number = key.partition(":")
        names.setdefault(name, {})[number] = port
    if not names:
        return text
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    address = re.compile(
        rf"(?<![-.\w])(?:(?P<scheme>https?)://)?(?P<name>{known})"
        rf"(?:\.{re.escape(namespace)}(?:\.svc(?:\.cluster\.local)?)?)?"
        r"(?::(?P<port>[0-9]+)(?![-.\w]*\w)|(?![-.:\w]))"
    )

    def local(match: re.Match[str]) -> str:
        scheme, number = match["scheme"], match["port"] or _SCHEMES.get(match["scheme"], "")
        port = names[match["name"]].get(number)
        if port is None:
            return match[0]
        return f"{scheme}://{HOST}:{port}" if scheme else f"{HOST}:{port}"

    return address.sub(local, text)


def _argv(wish: Wish, image: Image) -> tuple[str, ...]:
    """Return command and arguments; a manifest's command leaves out both of the image's."""
    command, args = wish.container.command, wish.container.args
    if command is None:
        command = tuple(image.settings.get("Entrypoint") or ())
        if args is None:
            args = tuple(image.settings.get("Cmd") or ())
    words = (*command, *(args or ()))
    if not words:
        raise SlipwayError(
            "neither the manifest nor the image says what to run",
            where=wish.name,
            fix="give the image an ENTRYPOINT, or the container a command",
        )
    return words


def _environment(
    wish: Wish,
    image: Image,
    namespace: str,
    listens: Mapping[str, int],
    ports: Mapping[int, int],
) -> dict[str, str]:
    """Return the whole environment: nothing of ours is in it but the way to host programs."""
    inherited = dict(entry.partition("=")[::2] for entry in image.settings.get("Env") or [])
    path = inherited.pop("PATH", _DEFAULT_PATH)
    env = {"LANG": "C.UTF-8", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    for name, value in (inherited | dict(wish.container.env)).items():
        if name == "PATH":
            path = value
            continue
        if _PORT_VARIABLE.search(name) and value.isdecimal() and int(value) in ports:
            env[name] = str(ports[int(value)])
            continue
        local = _bound(addressed(value, namespace, listens), ports)
        env[name] = _mapped(image.root, local)
    env["HOST"] = HOST
    if wish.container.ports and ports:
        env["PORT"] = str(ports[next(iter(wish.container.ports.values()))])
    env["PATH"] = os.pathsep.join([*_folders(image.root, path), *_host_folders()])
    return env


def _listening(argv: Iterable[str], ports: Mapping[int, int]) -> list[str]:
    """Replace the container's ports in arguments that say where to listen."""
    found: list[str] = []
    after = False  # `--port`, its number coming next
    for word in argv:
        option = _PORT_OPTION.fullmatch(word)
        if after and word.isdecimal():
            found.append(str(ports.get(int(word), int(word))))
        elif option and option["port"]:
            number = int(option["port"])
            found.append(f"{option['option']}={ports.get(number, number)}")
        else:
            name, equals, value = word.rpartition("=")
            found.append(f"{name}{equals}{_bound(value, ports)}")
        after = bool(option and not option["port"])
    return found


def _bound(text: str, ports: Mapping[int, int]) -> str:
    """Return `0.0.0.0:PORT`, or `:PORT`, as an address of this machine; other texts as they are."""
    found = _ANYWHERE.fullmatch(text)
    if found and int(found["port"]) in ports:
        return f"{HOST}:{ports[int(found['port'])]}"
    return text


def _mapped(root: Path, word: str) -> str:
    """Return a path of the image as a path of this machine, alone or behind `--option=`."""
    name, equals, value = word.partition("=")
    if equals and name.startswith("-"):
        return f"{name}={_mapped(root, value)}"
    if word.startswith("/") and word.strip("/"):
        try:
            place = rootfs.inside(root, word)
            if place.exists():
                return str(place)
        except (OSError, ValueError):
            return word
    return word


def _program(wish: Wish, image: Image, name: str, path: str) -> str:
    """Find the program in the image, then, by its bare name alone, on this machine."""
    found = None
    if Path(name).is_absolute():
        if Path(name).is_relative_to(image.root) and os.access(name, os.X_OK):
            found = name
    elif "/" in name:
        folder = wish.container.cwd or image.settings.get("WorkingDir") or "/"
        place = rootfs.inside(image.root, f"{folder}/{name}")
        found = str(place) if os.access(place, os.X_OK) else None
    else:
        found = shutil.which(name, path=path)
    if found is None:
        raise SlipwayError(
            f"the program {name} is not in the image, or may not be executed",
            where=f"{wish.name} ({image.digest})",
            fix="look at the image's ENTRYPOINT and at the container's command",
        )
    return found


def _folders(root: Path, path: str) -> list[str]:
    inner = [rootfs.inside(root, folder) for folder in path.split(":") if folder.startswith("/")]
    return [str(folder) for folder in inner if folder.is_dir()]


def _host_folders() -> list[str]:
    """Return where host programs are; the Python that runs us first, past any virtualenv."""
    ours = str(Path(sys.executable).resolve().parent)
    return [ours, *filter(None, os.environ.get("PATH", _DEFAULT_PATH).split(os.pathsep))]
