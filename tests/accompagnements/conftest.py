import pytest
import time_machine

from comptes.enums import RoleKind
from tests.accompagnements.entry import sign_in
from tests.accompagnements.factories import NOW, EnPosteFactory


@pytest.fixture
def _now():
    """The afternoon of the 18th of November 2026 in Paris, the 19th in Nouméa."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def conseiller(_now):
    return EnPosteFactory()


@pytest.fixture
def role(conseiller):
    return conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)


@pytest.fixture
def enter(client, role):
    """The client of the conseiller."""
    return sign_in(client, role)
