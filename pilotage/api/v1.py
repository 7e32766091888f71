"""The addresses of version 1, under their own prefix: what the OpenAPI document describes."""

from django.urls import include, path

from pilotage.api.urls import v1

urlpatterns = [path("api/v1/", include(v1))]
