from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("pilotage.urls")),
    path("api/", include("pilotage.api.urls")),
    path("", include("comptes.urls")),
    path("", include("notifications.urls")),
    path("compte/", include("comptes.allauth_urls")),
    path("territoires/", include("territoires.urls")),
    path("", include("structures.urls")),
    path("", include("candidatures.urls")),
    path("", include("matching.urls")),
    path("", include("contrats.urls")),
    path("", include("formation.urls")),
    path("", include("accompagnements.urls")),
    path("administration/", admin.site.urls),
]

handler400 = "common.views.bad_request"
handler403 = "common.views.permission_denied"
handler404 = "common.views.not_found"
handler429 = "common.views.too_many_requests"  # allauth's name for it
handler500 = "common.views.server_error"
