from django.urls import path

from candidatures.views import cv, depot, liens, suivi

app_name = "candidatures"
urlpatterns = [
    path("candidater/", depot.start, name="start"),
    path("candidater/recapitulatif/", depot.summary, name="summary"),
    path("candidater/envoyee/", depot.sent, name="sent"),
    path("candidater/envoyee/renvoyer/", depot.resend, name="resend"),
    path("candidater/envoyee/corriger/", depot.correct, name="correct"),
    path("candidater/effacer/", depot.discard, name="discard"),
    path("candidater/reprendre/", depot.ask_resume_link, name="ask_resume_link"),
    path("candidater/reprendre/<str:token>/", liens.resume, name="resume"),
    path("candidater/confirmer/<str:token>/", liens.confirm, name="confirm"),
    path("candidater/accord-donne/", liens.consented, name="consented"),
    path("candidater/accord/<str:token>/", liens.consent, name="consent"),
    path("candidater/accord-refuse/", liens.refused, name="refused"),
    path("candidater/accord/<str:token>/refus/", liens.refuse_consent, name="refuse_consent"),
    path("candidater/<slug:etape>/", depot.step, name="step"),
    path("ma-candidature/", suivi.detail, name="detail"),
    path("ma-candidature/modifier/<slug:etape>/", suivi.edit, name="edit"),
    path("ma-candidature/pause/", suivi.pause, name="pause"),
    path("ma-candidature/reprise/", suivi.unpause, name="unpause"),
    path("ma-candidature/toujours-disponible/", suivi.renew, name="renew"),
    path("ma-candidature/relancer-accord/", suivi.ask_consent, name="ask_consent"),
    path("ma-candidature/retirer/", suivi.withdraw, name="withdraw"),
    path("ma-candidature/cv/", cv.cv, name="cv"),
    path("ma-candidature/cv/telecharger/", cv.download, name="cv_download"),
    path("ma-candidature/cv/garder/", cv.renew, name="cv_renew"),
    path("ma-candidature/cv/effacer/", cv.remove, name="cv_remove"),
    path("ma-candidature/export.json", suivi.export, name="export"),
]
