from django.urls import include, path, re_path

from pilotage.api import pages, views

app_name = "api"
v1 = [
    path("accompagnements/", views.AccompagnementList.as_view(), name="accompagnement_list"),
    path("accompagnements/<uuid:uuid>/", views.AccompagnementDetail.as_view(), name="accompagnement_detail"),
    path("statistiques/", views.Statistiques.as_view(), name="statistiques"),
    path("lieux/", views.LieuList.as_view(), name="lieu_list"),
    path("lieux/<int:pk>/", views.LieuDetail.as_view(), name="lieu_detail"),
    path("themes/", views.ThemeList.as_view(), name="theme_list"),
    path("organismes/", views.OrganismeList.as_view(), name="organisme_list"),
    path("territoires/", views.TerritoireList.as_view(), name="territoire_list"),
    path("openapi.json", views.OpenApi.as_view(), name="openapi"),
]
urlpatterns = [
    path("", pages.documentation, name="documentation"),
    path("console/", pages.console, name="console"),
    path("v1/", include(v1)),
    # With its slash: an address given without one is still sent to the right one.
    re_path(r"^v1/(?P<path>.*/)$", views.Nowhere.as_view(), name="nowhere"),
]
