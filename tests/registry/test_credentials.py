"""Where credentials come from, and that they stay hidden."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.registry.credentials import Credentials, find, kept


def _file(folder: Path, value: Any) -> dict[str, str]:
    (folder / "config.json").write_text(json.dumps(value))
    return {"DOCKER_CONFIG": str(folder)}


def _auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_without_anything_there_are_none() -> None:
    assert not find("r.test", "", {})


def test_the_environment_comes_first(tmp_path: Path) -> None:
    environ = _file(tmp_path, {"auths": {"r.test": _auth("file", "f")}})
    environ |= {"SLIPWAY_REGISTRY_USERNAME": "me", "SLIPWAY_REGISTRY_PASSWORD": "p"}
    assert find("r.test", "", environ) == Credentials(
        "me", "p", source="from SLIPWAY_REGISTRY_USERNAME"
    )


def test_the_password_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p w\n")
    environ = {
        "SLIPWAY_REGISTRY_USERNAME": "me",
        "SLIPWAY_REGISTRY_PASSWORD_FILE": str(tmp_path / "password"),
    }
    assert find("r.test", "", environ).password == "p w"
    (tmp_path / "password").unlink()
    with pytest.raises(SlipwayError, match="cannot be read"):
        find("r.test", "", environ)


def test_half_of_them_is_a_mistake() -> None:
    with pytest.raises(WrongUsage, match="no password"):
        find("r.test", "", {"SLIPWAY_REGISTRY_USERNAME": "me"})


@pytest.mark.parametrize("key", ["r.test", "https://r.test", "https://r.test/v1/"])
def test_dockers_file_is_read(tmp_path: Path, key: str) -> None:
    found = find("r.test", "", _file(tmp_path, {"auths": {key: _auth("me", "a:b")}}))
    assert (found.username, found.password) == ("me", "a:b")


def test_the_nearest_entry_counts(tmp_path: Path) -> None:
    auths = {"r.test": _auth("host", "1"), "r.test/team": _auth("team", "2")}
    environ = _file(tmp_path, {"auths": auths})
    assert find("r.test", "team/sub", environ).username == "team"
    assert find("r.test", "other", environ).username == "host"
    assert not find("elsewhere.test", "", environ)


def test_the_files_of_podman_and_skopeo_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_text(json.dumps({"auths": {"r.test": _auth("me", "p")}}))
    assert find("r.test", "", {"REGISTRY_AUTH_FILE": str(path)}).username == "me"


def test_a_credential_helper_is_named_in_the_advice(tmp_path: Path) -> None:
    found = find("r.test", "", _file(tmp_path, {"credsStore": "desktop", "auths": {"r.test": {}}}))
    assert not found
    assert "'desktop'" in found.advice()


@pytest.mark.parametrize("text", ["{", '{"auths": {"r.test": {"auth": "%%%"}}}'])
def test_a_damaged_file_is_named_without_its_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(SlipwayError, match=r"config\.json") as caught:
        find("r.test", "", {"DOCKER_CONFIG": str(tmp_path)})
    assert "%%%" not in str(caught.value)


def test_the_variables_are_for_our_own_registry_alone(tmp_path: Path) -> None:
    environ = _file(tmp_path, {"auths": {"r.test": _auth("theirs", "p")}})
    environ |= {"SLIPWAY_REGISTRY_USERNAME": "ours", "SLIPWAY_REGISTRY_PASSWORD": "secret"}
    assert find("r.test", "", environ).username == "ours"
    assert kept("r.test", "", environ).username == "theirs"
    assert not kept("elsewhere.test", "", environ)


def test_nothing_shows_a_secret() -> None:
    shown = repr(Credentials("me", "hunter2", "refresh-me", bearer="token-of-me"))
    assert "token-of-me" not in shown
    assert "me" in shown
    assert "hunter2" not in shown
    assert "refresh-me" not in shown
