"""Real images for the tests of the registry, built by the built-in builder."""

from __future__ import annotations

from pathlib import Path

from tasks.images.builder import Built, build

CREATED = 1767225600


def image(
    folder: Path, content: str = "hello", *, revision: str = "", dockerfile: str = ""
) -> tuple[Path, Built]:
    """Build an image with the file /usr/bin/app; return its layout and what was built."""
    context = folder / "context"
    context.mkdir(parents=True, exist_ok=True)
    (context / "app").write_text(content)
    (context / "notes").write_text("the same in every image")
    text = dockerfile or "FROM scratch\nCOPY notes /notes\nCOPY --chmod=0755 app /usr/bin/app\n"
    (context / "Dockerfile").write_text(text)
    labels = {"org.opencontainers.image.revision": revision} if revision else {}
    layout = folder / "layout"
    return layout, build(context, "Dockerfile", layout, args={}, labels=labels, created=CREATED)
