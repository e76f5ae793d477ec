"""Taking a file out of an image: which layer counts, and what hides what."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tasks.kernel.errors import SlipwayError
from tasks.registry import LayoutRegistry, find_file, oci, ocidir

Content = str | None | tuple[str, str]
HARD, SOFT, FOLDER = "hard", "soft", None


def _layer(entries: Mapping[str, Content], *, packed: bool) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            if content is FOLDER:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, tuple):
                info.type = tarfile.LNKTYPE if content[0] == HARD else tarfile.SYMTYPE
                info.linkname = content[1]
            else:
                info.size = len(content)
            data = content.encode() if isinstance(content, str) else b""
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(target.getvalue()) if packed else target.getvalue()


def _find(
    folder: Path, name: str, *layers: Mapping[str, Content], packed: bool = True
) -> str | None:
    """Make an image of these layers, the lowest first, and look for a file in it."""
    layout = Path(tempfile.mkdtemp(dir=folder)) / "layout"
    store = ocidir.Blobs(layout)

    def add(kind: str, content: bytes) -> oci.Descriptor:
        digest, size = store.add(io.BytesIO(content))
        return oci.Descriptor(kind, digest, size)

    kind = oci.LAYER_GZIP if packed else oci.LAYER
    manifest = {
        "schemaVersion": 2,
        "mediaType": oci.MANIFEST,
        "config": add(oci.CONFIG, b"{}").as_json(),
        "layers": [add(kind, _layer(layer, packed=packed)).as_json() for layer in layers],
    }
    image = add(oci.MANIFEST, json.dumps(manifest).encode())
    ocidir.mark(layout)
    ocidir.write_index(layout, [image.as_json()])
    registry = LayoutRegistry(layout.parent / "registry")
    registry.push("app", layout, "1")
    found = find_file(registry, "app", image.digest, name)
    return None if found is None else found.decode()


def test_the_top_layer_wins(tmp_path: Path) -> None:
    assert _find(tmp_path, "/bin/x", {"bin/x": "old"}, {"bin/x": "new"}) == "new"


def test_layers_need_not_be_compressed(tmp_path: Path) -> None:
    assert _find(tmp_path, "x", {"./bin/x": "content"}, packed=False) == "content"


@pytest.mark.parametrize(
    "upper",
    [
        {"bin/.wh.x": ""},
        {".wh.bin": ""},
        {"bin/.wh..wh..opq": ""},
        {".wh..wh..opq": ""},
        {"bin": "a file where the folder was"},
        {"bin": (SOFT, "usr/bin")},
        {"bin/x": FOLDER},
        {"bin/x": (SOFT, "y")},
    ],
)
def test_what_an_upper_layer_hides_is_not_found(
    tmp_path: Path, upper: Mapping[str, Content]
) -> None:
    assert _find(tmp_path, "/bin/x", {"bin/x": "old"}, upper) is None


def test_a_whiteout_hides_only_what_lies_below(tmp_path: Path) -> None:
    layers = ({"bin/x": "old"}, {"bin/.wh..wh..opq": "", "bin/x": "new"}, {"other": "o"})
    assert _find(tmp_path, "/bin/x", *layers) == "new"


def test_a_sibling_with_a_similar_name_is_not_hidden(tmp_path: Path) -> None:
    assert _find(tmp_path, "/bin/xy", {"bin/xy": "here"}, {"bin/.wh.x": ""}) == "here"
    assert _find(tmp_path, "/bin2/x", {"bin2/x": "here"}, {".wh.bin": ""}) == "here"


def test_a_hard_link_is_the_file_it_names(tmp_path: Path) -> None:
    assert _find(tmp_path, "/b", {"a": "content", "b": (HARD, "a")}) == "content"


def test_hard_links_that_go_round_in_a_circle_are_no_file(tmp_path: Path) -> None:
    assert _find(tmp_path, "/b", {"a": (HARD, "b"), "b": (HARD, "a")}) is None


def test_two_files_of_one_name_must_be_told_apart(tmp_path: Path) -> None:
    layer: dict[str, Content] = {"bin/app": "binary", "doc/app": "text"}
    with pytest.raises(SlipwayError, match=r"(?s)2 different files.*/bin/app.*/doc/app"):
        _find(tmp_path, "app", layer)
    assert _find(tmp_path, "bin/app", layer) == "binary"


def test_two_equal_files_of_one_name_are_one(tmp_path: Path) -> None:
    assert _find(tmp_path, "app", {"bin/app": "same", "sbin/app": "same"}) == "same"


def test_a_path_that_climbs_stays_in_the_image(tmp_path: Path) -> None:
    assert _find(tmp_path, "/x", {"../../x": "inside"}) == "inside"


def test_a_layer_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    store = ocidir.Blobs(layout)
    digest, size = store.add(io.BytesIO(b"\x28\xb5\x2f\xfd zstd"))
    layer = oci.Descriptor("application/vnd.oci.image.layer.v1.tar+zstd", digest, size)
    config = oci.Descriptor(oci.CONFIG, *store.add(io.BytesIO(b"{}")))
    manifest = {"config": config.as_json(), "layers": [layer.as_json()]}
    image = oci.Descriptor(oci.MANIFEST, *store.add(io.BytesIO(json.dumps(manifest).encode())))
    ocidir.mark(layout)
    ocidir.write_index(layout, [image.as_json()])
    registry = LayoutRegistry(tmp_path / "registry")
    registry.push("app", layout, "1")
    with pytest.raises(SlipwayError, match="a layer cannot be read"):
        find_file(registry, "app", image.digest, "x")
