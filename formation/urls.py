from django.urls import path

from formation.views import attestations, dossiers, sessions

app_name = "formation"
urlpatterns = [
    path("formation/dossiers/", dossiers.dossier_list, name="dossier_list"),
    path("formation/dossiers/<int:pk>/", dossiers.dossier_detail, name="dossier_detail"),
    path("formation/dossiers/<int:pk>/positionnement/", dossiers.dossier_grid, name="dossier_grid"),
    path("formation/dossiers/<int:pk>/positionnement/decision/", dossiers.dossier_decide, name="dossier_decide"),
    path("formation/dossiers/<int:pk>/organisme/", dossiers.dossier_assign, name="dossier_assign"),
    path("formation/dossiers/<int:pk>/exemption/", dossiers.dossier_exempt, name="dossier_exempt"),
    path("formation/dossiers/<int:pk>/inscription/", dossiers.dossier_enrol, name="dossier_enrol"),
    path("formation/sessions/", sessions.session_list, name="session_list"),
    path("formation/sessions/nouvelle/", sessions.session_create, name="session_create"),
    path("formation/sessions/nouvelle/calendrier/", sessions.session_preview, name="session_preview"),
    path("formation/sessions/<int:pk>/", sessions.session_detail, name="session_detail"),
    path("formation/sessions/<int:pk>/modifier/", sessions.session_edit, name="session_edit"),
    path("formation/sessions/<int:pk>/demarrer/", sessions.session_start, name="session_start"),
    path("formation/sessions/<int:pk>/annuler/", sessions.session_cancel, name="session_cancel"),
    path("formation/sessions/<int:pk>/clore/", sessions.session_close, name="session_close"),
    path("formation/inscriptions/<int:pk>/retirer/", sessions.inscription_withdraw, name="inscription_withdraw"),
    path("formation/inscriptions/<int:pk>/resultats/", sessions.inscription_results, name="inscription_results"),
    path("formation/attestations/<int:pk>/", attestations.attestation_download, name="attestation_download"),
    path("formation/attestations/<int:pk>/revoquer/", attestations.attestation_revoke, name="attestation_revoke"),
    path("ma-formation/", attestations.mine, name="mine"),
    path("verifier/", attestations.verify, name="verify"),
    path("verifier/<str:code>/", attestations.verify_code, name="verify_code"),
]
