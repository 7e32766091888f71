from django.urls import path

from matching import views, views_cv, views_entretiens

app_name = "matching"
urlpatterns = [
    path("structures/<int:structure_pk>/candidats/", views.candidat_list, name="candidat_list"),
    path("structures/<int:structure_pk>/candidats/export.csv", views.export, name="export"),
    path("structures/<int:structure_pk>/attentes/", views.attentes, name="attentes"),
    path("structures/<int:structure_pk>/candidats/comparer/", views.compare, name="compare"),
    path("structures/<int:structure_pk>/candidats/decliner/", views.decline_several, name="decline_several"),
    path("structures/<int:structure_pk>/candidats/explorer/", views.explore, name="explore"),
    path(
        "structures/<int:structure_pk>/candidats/explorer/<uuid:reference>/",
        views.explore_detail,
        name="explore_detail",
    ),
    path(
        "structures/<int:structure_pk>/candidats/explorer/<uuid:reference>/interet/",
        views.explore_interest,
        name="explore_interest",
    ),
    path("ma-candidature/propositions/", views.proposition_list, name="proposition_list"),
    path("mises-en-relation/<int:pk>/", views.detail, name="detail"),
    path("mises-en-relation/<int:pk>/interet/", views.interest, name="interest"),
    path("mises-en-relation/<int:pk>/entretien/", views_entretiens.offer, name="interview"),
    path("mises-en-relation/<int:pk>/retenir/", views.retain, name="retain"),
    path("mises-en-relation/<int:pk>/accepter/", views.accept, name="accept"),
    path("mises-en-relation/<int:pk>/decliner/", views.decline, name="decline"),
    path("mises-en-relation/<int:pk>/annuler/", views.undo, name="undo"),
    path("mises-en-relation/<int:pk>/cv/", views_cv.cv, name="cv"),
    path("entretiens/<int:pk>/choisir/", views_entretiens.choose, name="entretien_choose"),
    path("entretiens/<int:pk>/autres-creneaux/", views_entretiens.others, name="entretien_others"),
    path("entretiens/<int:pk>/deplacer/", views_entretiens.move, name="entretien_move"),
    path(
        "entretiens/<int:pk>/creneaux/<int:creneau_pk>/retirer/", views_entretiens.withdraw, name="entretien_withdraw"
    ),
    path("entretiens/<int:pk>/annuler/", views_entretiens.cancel, name="entretien_cancel"),
    path("entretiens/<int:pk>/resultat/", views_entretiens.result, name="entretien_result"),
    path("entretiens/<int:pk>/agenda.ics", views_entretiens.ics, name="entretien_ics"),
]
