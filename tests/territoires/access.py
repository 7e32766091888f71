from tests.access import Route

ACCESS = {"territoires:communes": Route(roles=None)}
