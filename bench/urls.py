"""The site, and an empty page that goes through the same middleware."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from comptes.access import any_role
from conseiller.urls import *  # noqa: F403
from conseiller.urls import urlpatterns as site


@any_role
def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [*site, path("bench/vide/", empty)]
