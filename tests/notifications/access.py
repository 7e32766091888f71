from tests.access import public

ACCESS = {
    # A token that opens nothing: the page that says so. With one, see test_unsubscribe.py.
    "notifications:unsubscribe": public(status=404, token="inconnu"),
}
