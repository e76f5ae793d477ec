"""What every registry does, the embedded one and a real one alike."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.registry import Registry, TagTaken, find_file, oci, ocidir
from tests.registry.images import image

HOSTILE_REPOSITORIES = ["", "..", "../other", "a/../b", "/a", "a/", "a//b", "-a", "A", "a b", "a\n"]
HOSTILE_TAGS = ["", "..", "../x", "-rf", ".hidden", "a/b", "a b", "x" * 129, "v1\n", "sha256:ab"]


def test_nothing_is_found_where_nothing_was_pushed(registry: Registry) -> None:
    assert registry.resolve("app", "1.0.0") is None
    assert registry.tags("app") == []
    assert registry.manifest("app", "1.0.0") is None
    assert registry.manifest("app", f"sha256:{'0' * 64}") is None


def test_a_pushed_image_is_found_by_tag_and_by_digest(registry: Registry, tmp_path: Path) -> None:
    layout, built = image(tmp_path, revision="abc")

    pushed = registry.push("team/app", layout, "1.0.0-rc.1")

    assert pushed.digest == built.digest
    assert registry.resolve("team/app", "1.0.0-rc.1") == built.digest
    assert registry.tags("team/app") == ["1.0.0-rc.1"]
    assert registry.manifest("team/app", "1.0.0-rc.1") == registry.manifest(
        "team/app", built.digest
    )
    config = registry.config("team/app", built.digest)
    assert config["config"]["Labels"] == {"org.opencontainers.image.revision": "abc"}


def test_the_bytes_that_were_pushed_come_back(registry: Registry, tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    registry.push("app", layout, "1")

    for layer in built.layers:
        expected = (layout / "blobs" / "sha256" / layer.digest[7:]).read_bytes()
        assert registry.blob("app", layer.digest) == expected
        with registry.open_blob("app", layer.digest) as stream:
            assert stream.read(4) == expected[:4]
            stream.seek(0)
            with tarfile.open(fileobj=io.BytesIO(stream.read())) as archive:
                assert archive.getnames()


def test_a_blob_that_is_not_there_is_an_error(registry: Registry, tmp_path: Path) -> None:
    registry.push("app", image(tmp_path)[0], "1")
    with pytest.raises(SlipwayError, match="blob"):
        registry.blob("app", f"sha256:{'0' * 64}")


def test_pushing_again_sends_nothing(registry: Registry, tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    first = registry.push("app", layout, "1")
    again = registry.push("app", layout, "1")
    other_tag = registry.push("app", layout, "2")

    assert len(first.new_blobs) == len(built.layers) + 1
    assert first.present_blobs == ()
    assert again.digest == other_tag.digest == built.digest
    assert again.new_blobs == other_tag.new_blobs == ()
    assert sorted(other_tag.present_blobs) == sorted(first.new_blobs)


def test_only_what_is_missing_is_sent(registry: Registry, tmp_path: Path) -> None:
    _, before = image(tmp_path / "a", "one")
    registry.push("app", tmp_path / "a" / "layout", "1")
    layout, after = image(tmp_path / "b", "two")

    pushed = registry.push("app", layout, "2")

    shared = before.layers[0].digest
    assert after.layers[0].digest == shared
    assert pushed.present_blobs == (shared,)
    assert after.layers[1].digest in pushed.new_blobs


def test_a_tag_is_never_written_over(registry: Registry, tmp_path: Path) -> None:
    one, first = image(tmp_path / "a", "one", revision="1111111")
    two, second = image(tmp_path / "b", "two", revision="2222222")
    registry.push("app", one, "1.0.0")

    with pytest.raises(TagTaken) as caught:
        registry.push("app", two, "1.0.0")

    message = str(caught.value)
    assert first.digest in message
    assert second.digest in message
    assert "1111111" in message
    assert "2222222" in message
    assert registry.resolve("app", "1.0.0") == first.digest


def test_images_without_labels_are_told_apart_too(registry: Registry, tmp_path: Path) -> None:
    registry.push("app", image(tmp_path / "a", "one")[0], "1")
    with pytest.raises(TagTaken, match="unknown revision"):
        registry.push("app", image(tmp_path / "b", "two")[0], "1")


def test_a_moving_name_follows(registry: Registry, tmp_path: Path) -> None:
    one, first = image(tmp_path / "a", "one")
    two, second = image(tmp_path / "b", "two")
    registry.push("app", one, "1")
    registry.push("app", two, "2")

    registry.move("app", "edge", first.digest)
    assert registry.resolve("app", "edge") == first.digest
    registry.move("app", "edge", second.digest)
    registry.move("app", "edge", second.digest)

    assert registry.resolve("app", "edge") == second.digest
    assert registry.tags("app") == ["1", "2", "edge"]
    assert registry.manifest("app", first.digest) is not None


def test_a_name_cannot_be_moved_to_what_is_not_there(registry: Registry, tmp_path: Path) -> None:
    registry.push("app", image(tmp_path)[0], "1")
    with pytest.raises(SlipwayError, match="not there"):
        registry.move("app", "edge", f"sha256:{'1' * 64}")
    assert registry.resolve("app", "edge") is None


def test_a_deleted_tag_is_gone_and_may_be_made_again(registry: Registry, tmp_path: Path) -> None:
    one, _ = image(tmp_path / "a", "one")
    two, second = image(tmp_path / "b", "two")
    registry.push("app", one, "1")
    registry.push("app", two, "2")

    registry.delete_tag("app", "1")
    registry.delete_tag("app", "1")
    registry.delete_tag("nowhere", "1")

    assert registry.resolve("app", "1") is None
    assert registry.resolve("app", "2") == second.digest
    registry.push("app", two, "1")
    assert registry.resolve("app", "1") == second.digest


def test_deleting_a_tag_never_takes_another_with_it(registry: Registry, tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    registry.push("app", layout, "1")
    registry.push("app", layout, "2")

    # A registry that can only delete the image with all its tags refuses.
    with contextlib.suppress(SlipwayError):
        registry.delete_tag("app", "1")

    assert registry.resolve("app", "2") == built.digest


@pytest.mark.parametrize("name", HOSTILE_REPOSITORIES)
def test_hostile_repositories_are_refused(registry: Registry, tmp_path: Path, name: str) -> None:
    layout, built = image(tmp_path / "image")
    before = sorted(tmp_path.rglob("*"))
    for attempt in (
        lambda: registry.resolve(name, "1"),
        lambda: registry.tags(name),
        lambda: registry.manifest(name, "1"),
        lambda: registry.blob(name, built.digest),
        lambda: registry.push(name, layout, "1"),
        lambda: registry.move(name, "1", built.digest),
        lambda: registry.delete_tag(name, "1"),
    ):
        with pytest.raises(WrongUsage, match="not a repository name"):
            attempt()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", HOSTILE_TAGS)
def test_hostile_tags_are_refused(registry: Registry, tmp_path: Path, name: str) -> None:
    layout, built = image(tmp_path / "image")
    for attempt in (
        lambda: registry.resolve("app", name),
        lambda: registry.manifest("app", name),
        lambda: registry.push("app", layout, name),
        lambda: registry.move("app", name, built.digest),
        lambda: registry.delete_tag("app", name),
    ):
        with pytest.raises(WrongUsage, match="not a tag"):
            attempt()
    assert registry.tags("app") == []


@pytest.mark.parametrize("name", ["", "1.0.0", "sha256:..", "sha256:../../x", "sha512:" + "0" * 64])
def test_hostile_digests_are_refused(registry: Registry, name: str) -> None:
    for attempt in (lambda: registry.blob("app", name), lambda: registry.move("app", "1", name)):
        with pytest.raises(WrongUsage, match="not a digest"):
            attempt()


def test_what_is_no_layout_is_not_pushed(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="not an OCI image layout"):
        registry.push("app", tmp_path / "nothing", "1")


def test_a_damaged_layout_is_not_pushed(registry: Registry, tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    blob = layout / "blobs" / "sha256" / built.layers[1].digest[7:]
    blob.write_bytes(blob.read_bytes() + b"x")

    with pytest.raises(SlipwayError, match="does not have its digest"):
        registry.push("app", layout, "1")

    assert registry.resolve("app", "1") is None


def test_a_layout_that_names_files_outside_is_not_pushed(
    registry: Registry, tmp_path: Path
) -> None:
    layout, _ = image(tmp_path)
    index = json.loads((layout / "index.json").read_text())
    index["manifests"][0]["digest"] = "sha256:../../../secret"
    (layout / "index.json").write_text(json.dumps(index))
    with pytest.raises(SlipwayError, match="descriptor is damaged"):
        registry.push("app", layout, "1")


def test_an_image_for_several_platforms(registry: Registry, tmp_path: Path) -> None:
    ours, built = image(tmp_path / "a", "ours", revision="abc")
    theirs, foreign = image(tmp_path / "b", "theirs")
    both = ocidir.Blobs(ours)
    for blob in (theirs / "blobs" / "sha256").iterdir():
        with blob.open("rb") as stream:
            both.add(stream)
    manifests = [
        {**entry, "platform": {"os": "linux", "architecture": machine}}
        for layout, machine in ((ours, oci.architecture()), (theirs, "s390x"))
        for entry in ocidir.read_index(layout)
    ]
    index = {"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": manifests}
    digest, size = both.add(io.BytesIO(oci.encode(index)))
    ocidir.write_index(ours, [oci.Descriptor(oci.INDEX, digest, size).as_json()])

    assert registry.push("app", ours, "1").digest == digest

    assert registry.resolve("app", "1") == digest
    assert registry.manifest("app", foreign.digest) is not None
    assert registry.manifest("app", built.digest) is not None
    assert registry.config("app", digest)["config"]["Labels"][oci.REVISION] == "abc"
    assert find_file(registry, "app", digest, "app") == b"ours"
    registry.move("app", "edge", digest)
    assert registry.resolve("app", "edge") == digest


def test_the_check_passes(registry: Registry) -> None:
    registry.check()


def test_a_file_is_taken_out_of_an_image(registry: Registry, tmp_path: Path) -> None:
    layout, built = image(tmp_path, "the binary")
    registry.push("app", layout, "1")

    assert find_file(registry, "app", built.digest, "app") == b"the binary"
    assert find_file(registry, "app", built.digest, "/usr/bin/app") == b"the binary"
    assert find_file(registry, "app", built.digest, "usr/bin/app") == b"the binary"
    assert find_file(registry, "app", built.digest, "/bin/app") is None
    assert find_file(registry, "app", built.digest, "bin") is None
