"""Which forge a remote lives on, and who we are to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.forge import connect
from tasks.forge.github import GithubForge, find_login, repository_of
from tasks.forge.github.address import PUBLIC, graphql
from tasks.forge.github.login import App, Token
from tasks.forge.local import LocalForge
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.world import World
from tests.project import PIPELINE
from tests.rooms import Outside, world_of

SERVER = "https://github.example.com/api/v3"
SECRET = "ghp_a_secret_of_somebody"


def _world(folder: Path, charts: str = "git@github.com:shop/charts.git", api: str = "") -> World:
    told = f"{{kind: github, repository: shop/shop{f', api: {api!r}' if api else ''}}}"
    text = PIPELINE.replace("{kind: local, path: world/forge}", told)
    return world_of(Outside(folder / "p", text.replace("world/charts.git", charts)))


@pytest.fixture
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_GITHUB_TOKEN", SECRET)


@pytest.mark.usefixtures("_token")
def test_the_source_lives_where_the_pipeline_says_and_charts_where_their_url_does(
    tmp_path: Path,
) -> None:
    world = _world(tmp_path)
    source, charts = connect(world), connect(world, "charts")
    assert isinstance(source, GithubForge)
    assert isinstance(charts, GithubForge)
    assert (source.api.base, source.api.repository) == (PUBLIC, "shop/shop")
    assert charts.api.repository == "shop/charts"
    assert connect(world) is source
    assert SECRET not in repr(source.api.login)


@pytest.mark.usefixtures("_token")
def test_charts_elsewhere_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"no repository of the forge at api\.github\.com"):
        connect(_world(tmp_path, "git@gitlab.com:shop/charts.git"), "charts")


def test_the_embedded_one_needs_no_login(tmp_path: Path) -> None:
    assert isinstance(connect(world_of(Outside(tmp_path / "p"))), LocalForge)


def test_without_a_login_it_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="no token for GitHub") as error:
        connect(_world(tmp_path))
    assert "SLIPWAY_GITHUB_TOKEN" in error.value.fix


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:shop/charts.git",
        "git@github.com:shop/charts",
        "https://github.com/shop/charts",
        "https://github.com/shop/charts.git",
        "https://x-access-token:ghp_secret99@github.com/shop/charts.git/",
        "ssh://git@github.com/shop/charts.git",
        "ssh://git@ssh.github.com:443/shop/charts.git",
        "git@charts-key:shop/charts.git",
    ],
)
def test_a_repository_is_read_from_any_url_of_it(url: str) -> None:
    assert repository_of(url, PUBLIC) == "shop/charts"


@pytest.mark.parametrize(
    "url",
    [
        "world/charts.git",
        "/srv/charts.git",
        "git@gitlab.com:shop/charts.git",
        "https://github.com/charts",
        "https://github.com/group/shop/charts",
        "https://token:ghp_secret99@github.example.com/shop/charts",
        "https://github.com.evil.example/shop/charts",
        "file:///srv/shop/charts",
    ],
)
def test_what_is_no_repository_of_it_is_told_without_its_password(url: str) -> None:
    with pytest.raises(WrongUsage) as error:
        repository_of(url, PUBLIC)
    assert "ghp_secret99" not in str(error.value)


def test_a_server_of_ones_own_has_its_own_addresses() -> None:
    assert repository_of("git@github.example.com:a/b.git", SERVER) == "a/b"
    assert graphql(SERVER) == "https://github.example.com/api/graphql"
    assert graphql(PUBLIC) == "https://api.github.com/graphql"
    assert repository_of("https://acme.ghe.com/a/b", "https://api.acme.ghe.com") == "a/b"


# who we are


def test_ours_comes_before_the_one_of_the_job(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("ghp_from_file\n")
    key = tmp_path / "key.pem"
    key.write_text("key")
    env = {"GITHUB_TOKEN": "ghs_job"}
    assert find_login(PUBLIC, env) == Token("ghs_job", "from GITHUB_TOKEN")
    env |= {"SLIPWAY_GITHUB_APP_ID": "12", "SLIPWAY_GITHUB_APP_KEY_FILE": str(key)}
    assert find_login(PUBLIC, env) == App("12", key)
    env["SLIPWAY_GITHUB_TOKEN_FILE"] = str(file)
    found = find_login(PUBLIC, env)
    assert isinstance(found, Token)
    assert found.value == "ghp_from_file"
    env["SLIPWAY_GITHUB_TOKEN"] = "ghp_given"
    assert find_login(PUBLIC, env) == Token("ghp_given", "from SLIPWAY_GITHUB_TOKEN")


def test_the_token_of_a_job_is_given_to_no_other_server() -> None:
    env = {"GITHUB_TOKEN": "ghs_job"}
    with pytest.raises(SlipwayError, match="no token"):
        find_login(SERVER, env)
    found = find_login(SERVER, env | {"GITHUB_API_URL": SERVER})
    assert found == Token("ghs_job", "from GITHUB_TOKEN")
    with pytest.raises(SlipwayError, match="no token"):
        find_login(PUBLIC, env | {"GITHUB_API_URL": SERVER})


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"SLIPWAY_GITHUB_APP_ID": "12"}, "no key"),
        ({"SLIPWAY_GITHUB_APP_ID": "--x"}, "not the id of an app"),
        ({"SLIPWAY_GITHUB_APP_ID": "1", "SLIPWAY_GITHUB_APP_KEY_FILE": "/nowhere"}, "/nowhere"),
        ({"SLIPWAY_GITHUB_TOKEN_FILE": "/nowhere"}, "/nowhere"),
        ({"SLIPWAY_GITHUB_TOKEN": f"{SECRET}\nX-Evil: 1"}, "characters that no token has"),
    ],
)
def test_half_a_login_is_told(env: dict[str, str], says: str) -> None:
    with pytest.raises(SlipwayError, match=says) as error:
        find_login(PUBLIC, env)
    assert SECRET not in str(error.value)


@pytest.mark.usefixtures("_token")
def test_a_fork_has_a_connection_of_its_own(tmp_path: Path) -> None:
    forge = connect(_world(tmp_path))
    assert isinstance(forge, GithubForge)
    before = forge.api._session()
    assert forge.api._session() is before
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, b"y" if forge.api._session() is not before else b"n")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 1) == b"y"
    os.close(read)
    os.close(write)
