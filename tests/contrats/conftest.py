import pytest
import time_machine


@pytest.fixture(autouse=True)
def _a_known_day(request):
    """Dates of the factories stay in the past or the future for ever. A browser keeps its own clock."""
    if "page" in request.fixturenames:
        yield
        return
    with time_machine.travel("2026-11-22T10:00:00+01:00", tick=True):
        yield
