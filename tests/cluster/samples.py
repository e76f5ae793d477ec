"""A tiny service in an image of its own, and the manifests to run it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.cluster import Manifest
from tasks.images.builder import build
from tasks.registry import LayoutRegistry

CREATED = 1767225600

# Only what starts fast: a test starts dozens of these.
APP = """\
import os, signal, socket, sys, time

mode = os.environ.get("MODE", "")
version = os.environ.get("VERSION") or open(os.path.dirname(__file__) + "/version").read().strip()
print("version", version, mode, flush=True)
if os.environ.get("PASSWORD"):
    print("the password is", os.environ["PASSWORD"], flush=True)
if mode == "crash" or (mode == "once" and not os.path.exists(os.environ["MARKER"])):
    if mode == "once":
        open(os.environ["MARKER"], "w").close()
    print("there is no database", file=sys.stderr, flush=True)
    sys.exit(7)
if mode == "job":
    print("migrated", flush=True)
    sys.exit(0)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "family" and os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((os.environ["HOST"], int(os.environ["PORT"])))
listener.listen(50)


def ask(url):
    host, _, rest = url.partition("://")[2].partition("/")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), 5) as there:
        there.sendall(f"GET /{rest} HTTP/1.0\\r\\n\\r\\n".encode())
        return b"".join(iter(lambda: there.recv(4096), b"")).decode().partition("\\r\\n\\r\\n")[2]


while True:
    connection, _ = listener.accept()
    path = connection.recv(4096).decode().split(" ")[1]
    status = "500 No" if path == "/sick" or (path == "/healthz" and mode == "sick") else "200 OK"
    lines = [version]
    if path in ("/break", "/mend"):
        mode = "sick" if path == "/break" else ""
    if path.startswith("/ask/"):
        lines = [ask(os.environ[path[5:]])]
    if path == "/env":
        lines = [name + "=" + value for name, value in sorted(os.environ.items())]
    if path == "/args":
        lines = [os.getcwd(), *sys.argv]
    if path == "/pid":
        lines = [str(os.getpid())]
    body = "\\n".join(lines)
    answer = f"HTTP/1.0 {status}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}"
    connection.sendall(answer.encode())
    connection.close()
"""
DOCKERFILE = """\
FROM scratch
ENV GREETING=hello PORT=8080
COPY app.py version /srv/
WORKDIR /srv
ENTRYPOINT ["python3", "-S", "/srv/app.py"]
CMD ["--calm"]
"""


def push(registry: LayoutRegistry, folder: Path, version: str = "1", name: str = "app") -> str:
    """Build the service, push it, and return the image as a manifest names it."""
    context = folder / f"{name}-{version}"
    context.mkdir(parents=True, exist_ok=True)
    (context / "app.py").write_text(APP)
    (context / "version").write_text(version)
    (context / "Dockerfile").write_text(DOCKERFILE)
    layout = folder / f"{name}-{version}.oci"
    built = build(context, "Dockerfile", layout, args={}, labels={}, created=CREATED)
    registry.push(name, layout, version)
    return f"{name}@{built.digest}"


def deployment(
    name: str,
    image: str,
    *,
    replicas: int = 1,
    env: Mapping[str, str] | None = None,
    grace: int = 5,
    **container: Any,
) -> Manifest:
    """Return a Deployment whose readiness is asked at /healthz."""
    labels = {"app": name}
    ready = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "terminationGracePeriodSeconds": grace,
                    "containers": [
                        {
                            "name": name,
                            "image": image,
                            "ports": [{"name": "http", "containerPort": 8080}],
                            "readinessProbe": ready,
                            "env": [{"name": k, "value": v} for k, v in (env or {}).items()],
                        }
                        | container
                    ],
                },
            },
        },
    }


def service(name: str, port: int = 80, app: str = "") -> Manifest:
    """Return the Service of a Deployment."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "selector": {"app": app or name},
            "ports": [{"port": port, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def secret(name: str, **entries: str) -> Manifest:
    """Return a Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": entries,
    }
