"""The document against the application: what it promises is what is answered, whatever is sent."""

from collections import defaultdict

import pytest
import schemathesis
import time_machine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from comptes.enums import RoleKind
from conseiller.wsgi import application
from pilotage.api.schema import document
from tests.accompagnements.factories import EMAIL, NOW, AccompagnementFactory, EnPosteFactory, LieuActiviteFactory
from tests.comptes.factories import JetonApiFactory
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory

CONFIG = {
    "seed": 1,
    "headers": {"Authorization": "Bearer cn_essai"},
    "generation": {"max-examples": 3, "deterministic": True, "database": "none"},
    "checks": {
        # A value may be of the right shape and refused by a rule: the document says 422.
        "positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 422]},
        # It calls again with an option its own WSGI client does not know; tests/test_access.py does that work.
        "ignored_auth": {"enabled": False},
    },
    "phases": {"stateful": {"enabled": False}},
}


def app(environ, start_response):
    """The application behind a server: an address that calls, an answer that is closed."""
    answer = application({**environ, "REMOTE_ADDR": "203.0.113.9"}, start_response)
    try:
        return list(answer)
    finally:
        answer.close()


def failures_of(event):
    for case, checks in event.recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                response = event.recorder.interactions[case].response
                yield f"{event.recorder.label}: {check.failure_info.failure}", response and response.content[:300]


# The engine works in a thread of its own, which sees what is committed only.
@TRANSACTIONAL
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_schemathesis_finds_nothing(monkeypatch):
    for limit in ("APPELS_BY_JETON", "APPELS_BY_ADDRESS"):
        monkeypatch.setattr(f"pilotage.api.throttles.{limit}", 10**6)
    schema = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = app
    found, answered = [], defaultdict(set)
    with time_machine.travel(NOW):
        CommuneFactory(code="44109")
        conseiller = EnPosteFactory()
        AccompagnementFactory(conseiller=conseiller, themes=[EMAIL])
        # What the example and the numbers tried name: rows that are there.
        LieuActiviteFactory(pk=1, conseiller=conseiller)
        JetonApiFactory(role=conseiller.compte.roles.get(kind=RoleKind.CONSEILLER), jeton="cn_essai")
        for event in from_schema(schema).execute():
            assert not isinstance(event, events.NonFatalError | events.FatalError), event
            if isinstance(event, events.ScenarioFinished):
                found += failures_of(event)
                for one in event.recorder.interactions.values():
                    answered[event.recorder.label].add(one.response.status_code if one.response else None)
    assert found == []
    reading = {f"GET {path}" for path in document()["paths"]}
    # It is not by being refused everywhere that nothing was found; a row named at random is rarely there.
    assert {label for label in reading if 200 in answered[label]} >= reading - {"GET /api/v1/accompagnements/{uuid}/"}
    assert {201, 400, 422} <= answered["POST /api/v1/accompagnements/"]
