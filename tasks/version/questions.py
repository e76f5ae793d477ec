"""What git is asked first; a command may begin to ask before it has read anything else."""

from __future__ import annotations

# `for-each-ref` would open each object to say the same; this one knows it from packed-refs.
REFS = ("show-ref", "--dereference")
SHALLOW = "--is-shallow-repository"


def head_question(ref: str, *also: str) -> tuple[str, ...]:
    """Return the arguments that ask for the commit of a ref; none for what can be no ref's name.

    Args:
        ref: a branch, tag or commit id, from outside.
        also: what is asked besides.
    """
    # A name with a control character cannot be a ref, and NUL cannot even be handed to a program.
    if not ref or ref.startswith("-") or not ref.isprintable():
        return ()
    return ("rev-parse", *also, f"{ref}^{{commit}}", "--")
