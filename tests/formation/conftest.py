import pytest

from comptes.enums import RoleKind
from comptes.models import Role
from tests.comptes.factories import RoleFactory
from tests.formation.factories import FormateurFactory, OrganismeFactory


@pytest.fixture
def organisme():
    return OrganismeFactory()


@pytest.fixture
def formateur(organisme):
    """The current role of someone of the organisme."""
    compte = FormateurFactory(organisme=organisme).compte
    return Role.objects.get(compte=compte, kind=RoleKind.ORGANISME_FORMATION)


@pytest.fixture
def bdt():
    return RoleFactory(kind=RoleKind.BDT)


@pytest.fixture
def enter(client):
    """Sign in with a role."""

    def enter(role):
        client.force_login(role.compte)
        session = client.session
        session["role"] = role.pk
        session.save()
        return client

    return enter


@pytest.fixture
def run(django_capture_on_commit_callbacks):
    """Call a service, then do what its transaction left in the outbox."""

    def run(service, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            return service(**kwargs)

    return run
