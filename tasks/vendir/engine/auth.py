"""The keys and passwords of a git source: in files of the sync's own, never in an argument list."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tasks.kernel.errors import SlipwayError, WrongUsage

from .model import Config

_KEY: Final = "ssh-privatekey"
_HOSTS: Final = "ssh-knownhosts"
_USER: Final = "username"
_PASSWORD: Final = "password"  # noqa: S105 - the name of a field
_KNOWN: Final = (_KEY, _HOSTS, _USER, _PASSWORD)


def secret(config: Config, name: str, where: str) -> Mapping[str, bytes]:
    """Return what a secret of the configuration holds.

    Raises:
        WrongUsage: there is none of that name.
    """
    if name not in config.secrets:
        fix = "add a document of kind Secret with that metadata.name, by a further -f"
        raise WrongUsage(f"there is no secret {name!r}", where=where, fix=fix)
    return config.secrets[name]


def words(held: Mapping[str, bytes], field: str, where: str) -> str:
    """Return a field of a secret as text; "" when it has none.

    Raises:
        WrongUsage: it is not UTF-8.
    """
    try:
        return held.get(field, b"").decode()
    except UnicodeDecodeError:
        raise WrongUsage(f"the secret's {field} is not UTF-8", where=where) from None


def login(source: Mapping[str, Any], config: Config, where: str) -> tuple[str, str] | None:
    """Return the user and password of a source that knows nothing else; None without a secret.

    Raises:
        WrongUsage: the secret is missing, or has something else in it.
    """
    if "secretRef" not in source:
        return None
    held = secret(config, source["secretRef"].get("name", ""), where)
    if unknown := sorted(set(held) - {_USER, _PASSWORD}):
        raise WrongUsage(f"the secret has an unknown field {unknown[0]}", where=where)
    return words(held, _USER, where), words(held, _PASSWORD, where)


def environment(
    source: Mapping[str, Any], config: Config, where: str, folder: Path
) -> dict[str, str]:
    """Return what git's environment needs besides our own for a source.

    Args:
        source: what is given for it.
        config: with the secrets.
        where: for messages.
        folder: where files with keys go; gone after the sync.

    Raises:
        WrongUsage: the secret is missing, or has something in it that is not known.
    """
    env: dict[str, str] = {}
    if source.get("lfsSkipSmudge"):
        env["GIT_LFS_SKIP_SMUDGE"] = "1"
    if source.get("dangerousSkipTLSVerify"):
        env["GIT_SSL_NO_VERIFY"] = "true"
    if "secretRef" not in source:
        return env
    name = source["secretRef"].get("name", "")
    held = secret(config, name, where)
    for key in held:
        if key not in _KNOWN:
            fix = f"known are {', '.join(_KNOWN)}"
            raise WrongUsage(f"secret {name} has an unknown field {key}", where=where, fix=fix)
    if not held:
        return env
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    env["GIT_SSH_COMMAND"] = _ssh(held, folder)
    if _USER in held and _PASSWORD in held:
        env |= _basic(
            source, words(held, _USER, where), words(held, _PASSWORD, where), where, folder
        )
    return env


def trusted(repository: Path, file: Path) -> dict[str, str]:
    """Return the environment in which git reads one repository although somebody else owns it.

    Whoever named it for this run trusts it. Git takes that from a person's own settings alone, and
    hands nothing else on to the program that it starts at the other end; so this is a file of
    settings, which begins with theirs.
    """
    own = os.environ.get("GIT_CONFIG_GLOBAL")
    home = Path(os.environ.get("HOME", ""))
    shared = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config", "git/config")
    included = [shared, home / ".gitconfig"] if own is None else [Path(own)] if own else []
    safe = dict.fromkeys((repository.absolute(), Path(os.path.realpath(repository))))
    lines = ["[include]", *(f"\tpath = {_quoted(path)}" for path in included)]
    lines += ["[safe]", *(f"\tdirectory = {_quoted(path)}" for path in safe)]
    file.write_text("\n".join([*lines, ""]), "utf-8", "surrogateescape")
    return {"GIT_CONFIG_GLOBAL": str(file.absolute())}


def _quoted(path: Path) -> str:
    text = str(path.absolute()).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n") + '"'


def _ssh(held: Mapping[str, bytes], folder: Path) -> str:
    command = ["ssh", "-oBatchMode=yes", "-oServerAliveInterval=30", "-oForwardAgent=no"]
    command += ["-F", os.devnull]
    if _KEY in held:
        key = _written(folder / "private-key", held[_KEY] + b"\n")  # ssh wants one at the end
        command += ["-i", key, "-oIdentitiesOnly=yes"]
    if _HOSTS in held:
        hosts = _written(folder / "known-hosts", held[_HOSTS])
        command += ["-oStrictHostKeyChecking=yes", f"-oUserKnownHostsFile={hosts}"]
    else:
        command += ["-oStrictHostKeyChecking=no"]
    import shlex

    return shlex.join(command)


def _written(path: Path, content: bytes) -> str:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return str(path)


def _basic(
    source: Mapping[str, Any], user: str, password: str, where: str, folder: Path
) -> dict[str, str]:
    from urllib.parse import quote

    from .addresses import parts

    url = parts(source.get("url", ""), where)
    if url.scheme != "https":
        raise SlipwayError(
            "username and password are only sent over https",
            where=where,
            fix="give an https:// url, or a secret with ssh-privatekey",
        )
    if source.get("forceHTTPBasicAuth"):
        import base64

        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        return _settings({"http.extraHeader": f"Authorization: Basic {token}"})
    import shlex

    host = url.netloc.rpartition("@")[2]
    line = f"https://{quote(user, safe='')}:{quote(password, safe='')}@{host}\n"
    store = _written(folder / "credentials", line.encode())
    return _settings({"credential.helper": f"store --file {shlex.quote(store)}"})


def _settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings of git as variables: an argument list is for everybody on the machine."""
    env = {"GIT_CONFIG_COUNT": str(len(settings))}
    for position, (key, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{position}": key, f"GIT_CONFIG_VALUE_{position}": value}
    return env
