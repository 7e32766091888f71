"""Mistakes that would hurt and that no linter knows. Called by `make lint` and by pre-commit."""

import ast
import re
import subprocess
import sys

from scripts.services import ROOT

LARGEST_FILE = 500_000  # bytes
# Reference data, with their source and licence, are the only large files.
LARGE_FILES = re.compile(r"^territoires/data/")

STATUS = "un statut ne s'écrit jamais à la main : move_to() le change et garde la trace"
# The demo writes rows already in their last status, with the history that led there.
STATUS_FILES = re.compile(
    r"^(?!tests/|bench/|scripts/|pilotage/demo/)(?!.*(^|/)(models\.py|models/|migrations/)).*\.py$"
)
VIEWS = "une vue part des lignes que ce rôle peut lire : visible_to(), pas objects.all()"
VIEW_FILES = re.compile(r"(^|/)views(\.py|/.*\.py)$")


def is_status_written(node: ast.AST) -> bool:
    """`row.status = …`, which SQL text or a comparison is not."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    writes = isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
    return writes and any(isinstance(target, ast.Attribute) and target.attr == "status" for target in targets)


def reads_everything(node: ast.AST) -> bool:
    """`Model.objects.all()`."""
    call = node.func if isinstance(node, ast.Call) else None
    return (
        isinstance(call, ast.Attribute)
        and call.attr == "all"
        and isinstance(call.value, ast.Attribute)
        and call.value.attr == "objects"
    )


# (message, which files, which syntax)
SYNTAX_RULES = [(STATUS, STATUS_FILES, is_status_written), (VIEWS, VIEW_FILES, reads_everything)]


def faults(name: str, content: bytes) -> list[str]:
    """Return one `file: message` per fault of this file."""
    found = []
    if len(content) > LARGEST_FILE and not LARGE_FILES.search(name):
        found.append(f"{name}: {len(content)} octets : une dépendance ou une commande ferait-elle mieux ?")
    if b"\0" in content:
        return found
    if content and not content.endswith(b"\n"):
        found.append(f"{name}: la dernière ligne n'est pas terminée")
    rules = [(message, matches) for message, files, matches in SYNTAX_RULES if files.search(name)]
    nodes = sorted(ast.walk(ast.parse(content)), key=lambda node: getattr(node, "lineno", 0)) if rules else []
    for message, matches in rules:
        found += [f"{name}:{node.lineno}: {message}" for node in nodes if matches(node)]
    return found


def main() -> int:
    names = sys.argv[1:]
    if not names:
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [name for name in names if (ROOT / name).is_file()]
    found = [fault for name in files for fault in faults(name, (ROOT / name).read_bytes())]
    print("\n".join(found) if found else "Aucune faute.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
