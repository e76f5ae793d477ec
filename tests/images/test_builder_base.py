"""Images that begin with another one."""

from __future__ import annotations

from pathlib import Path

from tests.images.contexts import (
    PATH,
    config,
    make,
    names,
    run,
)


def test_a_base_image_is_inherited(tmp_path: Path) -> None:
    base = make(
        tmp_path / "base" / "context",
        'FROM scratch\nENV A=base B=base\nLABEL l=base\nCOPY usr /usr\nENTRYPOINT ["e"]\n'
        'CMD ["c"]\nUSER 7\n',
        {"usr/bin/tool": "t"},
    )
    inherited = run(base)
    text = "ARG BASE\nFROM ${BASE}\nENV A=mine-$B\nLABEL m=mine\nCOPY app /usr/bin\n"
    asked: list[str] = []

    def find(name: str) -> Path | None:
        asked.append(name)
        return base.with_name("image")

    context = make(tmp_path / "mine" / "context", text, {"app": "x"})
    built = run(context, {"BASE": "team/base:1@sha256:ab"}, bases=find)

    layout = tmp_path / "mine" / "image"
    found = config(layout)
    assert asked == ["team/base:1@sha256:ab"]
    assert built.layers[0] == inherited.layers[0]
    assert names(layout) == ["usr/bin/app"], "the folder was there, and is not made again"
    assert found["config"] == {
        "Env": [PATH, "A=mine-base", "B=base"],
        "Labels": {"l": "base", "m": "mine"},
        "Entrypoint": ["e"],
        "Cmd": ["c"],
        "User": "7",
    }
    assert len(found["rootfs"]["diff_ids"]) == 2
    assert [step["created_by"].split()[0] for step in found["history"]] == [
        "ENV",
        "LABEL",
        "COPY",
        "ENTRYPOINT",
        "CMD",
        "USER",
        "ENV",
        "LABEL",
        "COPY",
    ]


def test_links_of_the_base_image_are_followed(tmp_path: Path) -> None:
    base = make(
        tmp_path / "base" / "context", "FROM scratch\nCOPY root /\n", {"root/usr/bin/t": ""}
    )
    (base / "root" / "bin").symlink_to("usr/bin")
    run(base)
    text = "FROM base\nCOPY app /bin/app\nCOPY app /bin\nCOPY tree /\n"
    context = make(tmp_path / "mine" / "context", text, {"app": "x", "tree/bin/other": "y"})
    run(context, bases=lambda _: base.with_name("image"))
    layout = tmp_path / "mine" / "image"
    assert names(layout, 1) == names(layout, 2) == ["usr/bin/app"]
    assert names(layout, 3) == ["usr/bin/other"]


def test_a_new_entrypoint_drops_the_command_that_was_for_another(tmp_path: Path) -> None:
    base = make(tmp_path / "base" / "context", 'FROM scratch\nCMD ["old"]\n')
    run(base)
    context = make(tmp_path / "mine" / "context", 'FROM base\nENTRYPOINT ["new"]\n')
    run(context, bases=lambda _: base.with_name("image"))
    assert config(tmp_path / "mine" / "image")["config"] == {"Env": [PATH], "Entrypoint": ["new"]}
