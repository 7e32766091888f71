from django.urls import path

from pilotage import views, views_donnees

app_name = "pilotage"
urlpatterns = [
    path("", views.home, name="home"),
    path("chiffres/", views.chiffres, name="chiffres"),
    path("chiffres/<slug:figure>.csv", views.chiffres_csv, name="chiffres_csv"),
    path("espace/", views.espace, name="espace"),
    path("equipe/", views.team, name="team"),
    path("equipe/<int:pk>/annuler/", views.cancel_invitation, name="cancel_invitation"),
    path("mon-groupe/", views.groupe, name="groupe"),
    path("mon-groupe/export.csv", views.groupe_csv, name="groupe_csv"),
    path("nos-conseillers/", views.conseillers, name="conseillers"),
    path("nos-conseillers/export.csv", views.conseillers_csv, name="conseillers_csv"),
    path("nos-structures/", views.structures, name="structures"),
    path("nos-structures/export.csv", views.structures_csv, name="structures_csv"),
    path("plan-du-site/", views.sitemap, name="sitemap"),
    path("mentions-legales/", views.legal_notice, name="legal_notice"),
    path("donnees-personnelles/", views.personal_data, name="personal_data"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("cookies/", views.cookies, name="cookies"),
    path("donnees-ouvertes/", views_donnees.open_data, name="open_data"),
    path("donnees-ouvertes/<str:slug>", views_donnees.open_data_file, name="open_data_file"),
    path("sante/vivant", views.alive, name="alive"),
    path("sante/pret", views.ready, name="ready"),
]
