"""A builder for Dockerfiles without RUN: from a folder of files to an OCI image layout.

    parse         lines to instructions           substitute   variables and quotes in a word
    interpret     instructions to a plan          context      files, and that none lies outside
    stage         what the instructions change    copies       sources and destination to entries
    layer         entries to a layer              build        the plan to an image layout

It knows no doit and starts no program. The same input gives the same digest.
"""

from __future__ import annotations

from .build import Built, Layer, build

__all__ = ["Built", "Layer", "build"]
