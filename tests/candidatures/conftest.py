import pytest
import time_machine

from tests.candidatures.steps import TODAY


@pytest.fixture
def today():
    """Sunday 22 November 2026, eleven o'clock in Paris."""
    with time_machine.travel(TODAY, tick=False) as traveller:
        yield traveller
