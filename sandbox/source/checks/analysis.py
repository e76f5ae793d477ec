#!/usr/bin/env python3
"""Look for code that lets a stranger in, over the syntax tree of every program here."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = {"eval", "exec", "compile", "__import__"}
LOADERS = {"pickle.load", "pickle.loads", "marshal.loads", "shelve.open", "yaml.load"}
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
QUERIES = {"execute", "executemany", "executescript"}
WEAK = {"hashlib.md5", "hashlib.sha1"}
SECRET = ("password", "secret", "token", "api_key")


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` of an attribute of an attribute of a name, "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (above := dotted(node.value)):
        return f"{above}.{node.attr}"
    return ""


def put_together(node: ast.expr) -> bool:
    """Say whether a text is made from parts: f-string, %, + or format."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod)
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_call and node.func.attr == "format"  # type: ignore[attr-defined]


def of_call(node: ast.Call) -> Iterator[str]:
    """Yield what is wrong with a call."""
    name = dotted(node.func)
    if name in CODE:
        yield f"{name}() runs whatever it is given"
    if name in LOADERS:
        yield f"{name}() makes whatever it is told to"
    if name in SHELLS:
        yield f"{name}() starts a shell"
    if name in WEAK:
        yield f"{name}() is broken"
    if name == "tempfile.mktemp":
        yield "tempfile.mktemp() lets others be quicker"
    for word in node.keywords:
        value = word.value.value if isinstance(word.value, ast.Constant) else None
        if word.arg == "shell" and value is not False:
            yield "shell= lets a text become a program"
        if word.arg == "verify" and value is False:
            yield "verify=False trusts everybody"
    is_query = isinstance(node.func, ast.Attribute) and node.func.attr in QUERIES
    if is_query and node.args and put_together(node.args[0]):
        yield "SQL is put together from text (pass the values beside it)"


def of_assignment(node: ast.Assign) -> Iterator[str]:
    """Yield secrets that stand in the code."""
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    for target in node.targets:
        name = dotted(target).rpartition(".")[2].lower()
        if isinstance(value, str) and value and any(word in name for word in SECRET):
            yield f"{name} holds a secret"


def findings(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong) of one program."""
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Call):
            yield from ((node.lineno, wrong) for wrong in of_call(node))
        elif isinstance(node, ast.Assign):
            yield from ((node.lineno, wrong) for wrong in of_assignment(node))


def main() -> int:
    """Print what is wrong, and return how it went."""
    files = sorted(ROOT.rglob("*.py"))
    found = [(file, line, wrong) for file in files for line, wrong in findings(file)]
    for file, line, wrong in found:
        print(f"{file.relative_to(ROOT)}:{line}: {wrong}", file=sys.stderr)
    print(f"{len(files)} programs, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
