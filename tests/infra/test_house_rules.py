import pytest

from scripts.house_rules import faults

ASSIGNED = b"candidature.status = Status.RETENUE\n"
EVERYTHING = b"candidatures = Candidature.objects.all()\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("candidatures/services.py", ASSIGNED),
        ("candidatures/views/depot.py", ASSIGNED),
        ("candidatures/views.py", EVERYTHING),
        ("candidatures/views/depot.py", EVERYTHING),
        ("README.md", b"sans fin de ligne"),
        ("static/photo.svg", b"x" * 600_000 + b"\n"),
    ],
)
def test_fault_is_found(name, content):
    assert len(faults(name, content)) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("candidatures/models.py", ASSIGNED),
        ("candidatures/migrations/0001_initial.py", ASSIGNED),
        ("tests/candidatures/test_submit.py", ASSIGNED),
        ("candidatures/services.py", b"retenue = candidature.status == Status.RETENUE\n"),
        ("candidatures/selectors.py", EVERYTHING),
        ("candidatures/selectors.py", b'SQL = """\nWHERE c.status = %s\n"""\n'),
        ("pilotage/demo/candidatures.py", ASSIGNED),
        ("candidatures/views.py", b"    # never Candidature.objects.all()\n"),
        ("territoires/data/communes.csv.gz", b"\0" * 600_000),
        ("common/__init__.py", b""),
    ],
)
def test_what_is_allowed_passes(name, content):
    assert faults(name, content) == []
