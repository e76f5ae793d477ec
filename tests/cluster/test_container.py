"""What a manifest and an image become on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.cluster import container
from tasks.cluster.images import Image
from tasks.cluster.manifests import Wish, read
from tasks.cluster.processes import Launch
from tasks.kernel.errors import SlipwayError, WrongUsage
from tests.cluster.samples import deployment, secret

LISTENS = {"server": 0, "server:5253": 41000, "web:80": 41001, "web-admin:443": 41002}
SETTINGS: dict[str, Any] = {"Entrypoint": ["/bin/app"], "Cmd": ["serve", "--port", "8080"]}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    for name in ("bin/app", "etc/app.yml", "srv/data", "opt/tool"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return Image("sha256:" + "1" * 64, tmp_path, SETTINGS)


def wish(**spec: Any) -> Wish:
    [found] = read([deployment("web", "app", **spec)], "staging").workloads
    return found


def launch(image: Image, **spec: Any) -> Launch:
    return container.launch(wish(**spec), image, "staging", LISTENS, {8080: 40000})


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("http://server:5253", "http://127.0.0.1:41000"),
        ("http://server:5253/api?x=web:80", "http://127.0.0.1:41000/api?x=127.0.0.1:41001"),
        ("server.staging.svc.cluster.local:5253", "127.0.0.1:41000"),
        ("http://web/", "http://127.0.0.1:41001/"),
        ("https://web-admin", "https://127.0.0.1:41002"),
        ("server:5253,web:80", "127.0.0.1:41000,127.0.0.1:41001"),
        ("postgres://user:pw@server:5253/db", "postgres://user:pw@127.0.0.1:41000/db"),
        ("server", "server"),
        ("server:52530", "server:52530"),
        ("server:9", "server:9"),
        ("my-server:5253", "my-server:5253"),
        ("server.other:5253", "server.other:5253"),
        ("http://webs", "http://webs"),
        ("http://web.example.org", "http://web.example.org"),
        ("http://server", "http://server"),
        ("a web, and a server", "a web, and a server"),
    ],
)
def test_addresses_of_services(text: str, local: str) -> None:
    listens = {key: port for key, port in LISTENS.items() if port}
    assert container.addressed(text, "staging", listens) == local


def test_entrypoint_and_command_of_the_image(image: Image) -> None:
    root = image.root
    assert launch(image).argv == (f"{root}/bin/app", "serve", "--port", "40000")
    assert launch(image, args=["--listen=0.0.0.0:8080", "--config=/etc/app.yml"]).argv == (
        f"{root}/bin/app",
        "--listen=127.0.0.1:40000",
        f"--config={root}/etc/app.yml",
    )
    assert launch(image, command=["/opt/tool"]).argv == (f"{root}/opt/tool",)
    assert launch(image, args=[]).argv == (f"{root}/bin/app",)


def test_paths_that_are_not_in_the_image_stay(image: Image) -> None:
    argv = launch(image, args=["/nowhere", "/", "/../../bin/app", "$(GREETING)", "8080"]).argv
    assert argv[1:] == ("/nowhere", "/", f"{image.root}/bin/app", "$(GREETING)", "8080")


def test_the_environment_is_told_where_to_listen(image: Image) -> None:
    env = launch(image, env={"HOST": "::", "HTTP_PORT": "8080", "BIND": ":8080", "AGE": "8080"}).env
    assert {name: env[name] for name in ("HOST", "PORT", "HTTP_PORT", "BIND", "AGE")} == {
        "HOST": "127.0.0.1",
        "PORT": "40000",
        "HTTP_PORT": "40000",
        "BIND": "127.0.0.1:40000",
        "AGE": "8080",
    }


def test_bare_names_are_found_in_the_image_first(image: Image) -> None:
    assert launch(image, command=["app"]).argv == (f"{image.root}/bin/app",)
    assert launch(image, command=["sh"]).argv[0].endswith("/sh")


@pytest.mark.parametrize("name", ["/bin/sh", "nothing-like-this", "../bin/sh", "./app"])
def test_a_program_that_is_not_there(image: Image, name: str) -> None:
    with pytest.raises(SlipwayError, match="not in the image"):
        launch(image, command=[name])


def test_a_pod_is_another_one_when_anything_but_its_port_changes(image: Image) -> None:
    def spec(listens: dict[str, int] = LISTENS, **given: Any) -> str:
        return container.spec_of(wish(**given), image, "staging", listens)

    assert spec() == spec(replicas=3)
    differing = [
        spec(),
        spec(args=["x"]),
        spec(env={"A": "1"}),
        spec(env={"A": "server:5253"}),
        spec({"server:5253": 9}, env={"A": "server:5253"}),
        spec(workingDir="/srv"),
        spec(livenessProbe={"tcpSocket": {"port": 8080}}),
    ]
    assert len(set(differing)) == len(differing)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"readinessProbe": {"exec": {"command": ["x"]}}}, "httpGet and tcpSocket only"),
    ({"readinessProbe": {"tcpSocket": {"port": 9}}}, "does not list this port"),
    ({"readinessProbe": {"tcpSocket": {"port": []}}}, "whole number"),
    ({"readinessProbe": {"httpGet": {"port": "grpc"}}}, "no port named grpc"),
    ({"replicas": -1}, r"Deployment/web: spec\.replicas"),
    ({"ports": [{"containerPort": 70000}]}, "at most 65535"),
    ({"ports": [{"containerPort": "x"}]}, "whole number"),
    ({"workingDir": 3}, r"containers\[0\]\.workingDir: this must be a text"),
    ({"command": "sh"}, "must be a list"),
    ({"envFrom": [{"secretRef": {"name": "none"}}]}, "no Secret none"),
    ({"env": {"A=B": "x"}}, "cannot name a variable"),
    ({"env": {"A": "x\0y"}}, "zero byte"),
]


@pytest.mark.parametrize(("spec", "why"), REFUSED)
def test_mistakes_are_named_with_their_place(spec: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongUsage, match=why):
        wish(**spec)


def test_a_damaged_secret_is_not_shown() -> None:
    broken = secret("database") | {"data": {"password": "hunter2-not-base64!"}}
    with pytest.raises(WrongUsage, match="must be the base64 form") as error:
        read([broken], "staging")
    assert "hunter2" not in str(error.value)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(WrongUsage, match="another manifest has this"):
        read([deployment("web", "a"), deployment("web", "b")], "staging")
