"""Whether a chart's images are of one build of one commit: pure, the values file in, words out."""

from __future__ import annotations

import re

from ..kernel.errors import SlipwayError
from .release import Content

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


def mistakes(content: Content) -> list[str]:
    """Return a line for each image of the chart that is not what a release puts there.

    It must stand where the configuration says, be a digest, and the breadcrumbs of all must name
    one commit; an image without one says nothing of where it is from.
    """
    wrong: list[str] = []
    refs: dict[str, str] = {}
    for image, path in content.told.images.items():
        try:
            digest, ref = content.digest(image), content.old_ref(image)
        except SlipwayError as error:
            wrong.append(f"{error.where or content.values_name}: {error.what}")
            continue
        if not _DIGEST.fullmatch(digest):
            said = f"{path}: {digest!r} is no digest" if digest else f"{path}: there is no digest"
            wrong.append(f"{content.values_name}: {said}")
        elif ref:
            refs[path] = ref
    if len(_apart(refs)) > 1:
        wrong.append(f"{content.values_name}: the images are of more than one build")
        wrong += [f"  {path}: built from {ref}" for path, ref in refs.items()]
    return wrong


def _apart(refs: dict[str, str]) -> set[str]:
    """Return the commits among references, of which one may be the beginning of another."""
    found: list[str] = []
    for ref in sorted(refs.values(), key=len, reverse=True):
        if not any(longer.startswith(ref) for longer in found):
            found.append(ref)
    return set(found)
