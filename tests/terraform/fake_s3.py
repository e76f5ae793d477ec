"""A small and strict S3 on loopback: what Terraform's backend `s3` asks of it, and no more.

Every request must carry a right signature (version 4) and a right checksum of its body; `PUT` knows
`If-None-Match: *`, by which the backend takes its lock. Whatever else is asked is refused and noted
in `odd`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.terraform.http_states import LOCK

KEY_ID, SECRET = "AKIDEXAMPLE", "a long secret of the bucket"
BUCKET, REGION = "states", "eu-west-1"
_LOGIN = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<scope>(?P<day>\d{8})/(?P<region>[^/]+)/s3/"
    r"aws4_request), ?SignedHeaders=(?P<signed>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_QUERY = {"list-type", "prefix", "max-keys", "x-id", "encoding-type", "delimiter"}


class Bucket(ThreadingHTTPServer):
    """One bucket.

    Attributes:
        objects: key → content.
        odd: what was asked that this S3 does not know.
        requests: method and key of each request.
        fleeting: how many locks of others will be met that are gone at the next look.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, bytes] = {}
        self.odd: list[str] = []
        self.requests: list[str] = []
        self.fleeting: dict[str, int] = {}
        self.guard = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def backend(self, key: str) -> dict[str, str]:
        """Return what `init` is told; where the server is stands in the environment."""
        switches = ("use_path_style", "use_lockfile", "skip_credentials_validation")
        more = ("skip_requesting_account_id", "skip_region_validation", "skip_metadata_api_check")
        told = dict.fromkeys([*switches, *more], "true")
        return {"bucket": BUCKET, "key": key, "region": REGION, **told}

    @property
    def environment(self) -> dict[str, str]:
        """Return how to log in, as the variables of everybody's tools."""
        return {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL_S3": self.url,
        }

    def hold(self, key: str) -> None:
        """Have somebody else hold the lock of a state."""
        self.objects[f"{key}.tflock"] = json.dumps(LOCK).encode()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Bucket
    protocol_version = "HTTP/1.1"

    def _answer(self, code: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if code != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _no(self, code: int, name: str) -> None:
        told = f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>{name}</Message></Error>"
        self._answer(code, told.encode(), **{"Content-Type": "application/xml"})

    def _odd(self, what: str) -> None:
        self.server.odd.append(what)
        self._no(501, "NotImplemented")

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = urlsplit(self.path)
        query = dict(parse_qsl(told.query, keep_blank_values=True))
        _, bucket, key = [*unquote(told.path).split("/", 2), ""][:3]
        with self.server.guard:
            self.server.requests.append(f"{self.command} {key}")
            if why := self._unsigned(body):
                self._no(403, why)
            elif bucket != BUCKET:
                self._no(404, "NoSuchBucket")
            elif query.keys() - _QUERY:
                self._odd(f"{self.command} {self.path}")
            elif not key and self.command == "GET" and query.get("list-type") == "2":
                self._list(query.get("prefix", ""))
            elif key and self.command in ("GET", "HEAD"):
                self._read(key)
            elif key and self.command == "PUT":
                self._write(key, body)
            elif key and self.command == "DELETE":
                self.server.objects.pop(key, None)
                self._answer(204)
            else:
                self._odd(f"{self.command} {self.path}")

    def _read(self, key: str) -> None:
        found = self.server.objects.get(key)
        if found is None:
            self._no(404, "NoSuchKey")
        else:
            self._answer(200, found, ETag=_etag(found))

    def _fleeting(self, key: str) -> bool:
        """Say whether a lock of somebody else was there a moment ago, and is gone by now."""
        left = self.server.fleeting.get(key, 0)
        self.server.fleeting[key] = max(0, left - 1)
        return left > 0

    def _write(self, key: str, body: bytes) -> None:
        condition = self.headers.get("If-None-Match")
        if condition not in (None, "*"):
            self._odd(f"If-None-Match: {condition}")
        elif condition and (key in self.server.objects or self._fleeting(key)):
            self._no(412, "PreconditionFailed")
        else:
            self.server.objects[key] = body
            self._answer(200, ETag=_etag(body))

    def _list(self, prefix: str) -> None:
        keys = sorted(key for key in self.server.objects if key.startswith(prefix))
        rows = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
        name = f"<Name>{BUCKET}</Name><IsTruncated>false</IsTruncated>"
        told = f"<?xml version='1.0'?><ListBucketResult>{name}{rows}</ListBucketResult>"
        self._answer(200, told.encode(), **{"Content-Type": "application/xml"})

    def _unsigned(self, body: bytes) -> str:
        """Return what is wrong with the signature; "" when it is right."""
        found = _LOGIN.fullmatch(self.headers.get("Authorization", ""))
        if found is None:
            return "AccessDenied"
        if (found["id"], found["region"]) != (KEY_ID, REGION):
            return "InvalidAccessKeyId"
        payload = self.headers.get("X-Amz-Content-Sha256", "")
        if payload != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        signed = found["signed"].split(";")
        if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(signed):
            return "AccessDenied"
        said = self._signature(signed, payload, found["day"], found["scope"])
        return "" if hmac.compare_digest(said, found["signature"]) else "SignatureDoesNotMatch"

    def _signature(self, signed: list[str], payload: str, day: str, scope: str) -> str:
        told = urlsplit(self.path)
        pairs = sorted(parse_qsl(told.query, keep_blank_values=True))
        query = "&".join(f"{quote(name, safe='-_.~')}={quote(v, safe='-_.~')}" for name, v in pairs)
        headers = "".join(f"{name}:{' '.join(self.headers[name].split())}\n" for name in signed)
        lines = (self.command, told.path, query, headers, ";".join(signed), payload)
        request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{self.headers['X-Amz-Date']}\n{scope}\n{request}"
        key = f"AWS4{SECRET}".encode()
        for part in (day, REGION, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.new(key, text.encode(), "sha256").hexdigest()

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = handle_one  # noqa: N815 - HTTP's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


@contextmanager
def serving() -> Iterator[Bucket]:
    """Yield an S3 on loopback that is gone afterwards."""
    with Bucket() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
