"""Templates: strict, sandboxed, and a mistake in one is told with its file and line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks.kernel import paths, templates
from tasks.kernel.errors import SlipwayError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    (tmp_path / "templates").mkdir()
    return tmp_path / "templates"


def test_text_is_rendered_as_it_stands(folder: Path) -> None:
    (folder / "a.md").write_text("{% if on %}\n<{{ name }}> & more\n{% endif %}\nend\n")
    assert templates.render("a.md", on=True, name="x&y") == "<x&y> & more\nend\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("one\ntwo {{ nothing }}\n", 2, "'nothing' is undefined"),
        ("one\n\n{{ thing.none }}\n", 3, "none"),
        ("{% for x in [1, 2] %}\n{{ x + 'a' }}\n{% endfor %}\n", 2, "TypeError"),
        ("one\n{{ 1 / 0 }}\n", 2, "ZeroDivisionError"),
        ("one\n{% if %}\n", 2, "Expected an expression"),
        ("one\n{% endif %}\n", 2, "endif"),
        ("one\n{{ thing.__class__.__mro__ }}\n", 2, "unsafe"),
        ("one\n{{ words.append(1) }}\n", 2, "SecurityError"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(
    folder: Path, text: str, line: int, said: str
) -> None:
    (folder / "sub").mkdir()
    (folder / "sub/a.md").write_text(text)
    with pytest.raises(SlipwayError, match=said) as caught:
        templates.render("sub/a.md", thing=SimpleNamespace(), words=[])
    assert caught.value.where == f"templates/sub/a.md:{line}"


def test_a_mistake_in_an_included_template_is_told_there(folder: Path) -> None:
    (folder / "a.md").write_text("{% include 'b.md' %}\n")
    (folder / "b.md").write_text("\n{{ nothing }}\n")
    with pytest.raises(SlipwayError, match="undefined") as caught:
        templates.render("a.md")
    assert caught.value.where == "templates/b.md:2"


@pytest.mark.parametrize("name", ["none.md", "../secret.md", "/etc/hostname"])
def test_only_what_is_in_the_folder_is_a_template(folder: Path, name: str) -> None:
    (folder.parent / "secret.md").write_text("secret")
    with pytest.raises(SlipwayError, match="TemplateNotFound"):
        templates.render(name)
