"""Images: built without a daemon from a commit, pushed as candidates, built once more as finals.

`builder` turns a Dockerfile without RUN into an OCI layout and knows nothing of the pipeline;
`context` brings together what goes into one; `candidate` and `final` are the effects on the
registry.
"""

from .candidate import pushed_images
from .context import BINARY as BINARY_LABEL
from .context import VERSION as VERSION_LABEL
from .context import repository_of

__all__ = ["BINARY_LABEL", "VERSION_LABEL", "pushed_images", "repository_of"]
