from django.urls import path

from structures.views import depot, instruction, structure

app_name = "structures"
urlpatterns = [
    path("demander-un-poste/", depot.start, name="start"),
    path("demander-un-poste/etape/<slug:step>/", depot.step, name="step"),
    path("demander-un-poste/recapitulatif/", depot.recap, name="recap"),
    path("demander-un-poste/plus-tard/", depot.save_for_later, name="save_for_later"),
    path("demander-un-poste/envoyee/", depot.sent, name="sent"),
    path("demander-un-poste/reprendre/<str:token>/", depot.resume, name="resume"),
    path("demander-un-poste/confirmer/<str:token>/", depot.confirm, name="confirm"),
    path("demander-un-poste/deposee/", depot.confirmed, name="confirmed"),
    path("demander-un-poste/non-transmise/", depot.not_forwarded, name="not_forwarded"),
    path("demandes/", instruction.demande_list, name="demande_list"),
    path("demandes/<int:pk>/", instruction.demande_detail, name="demande_detail"),
    path("demandes/<int:pk>/avis/", instruction.give_avis, name="give_avis"),
    path("demandes/<int:pk>/session/", instruction.schedule, name="schedule"),
    path("demandes/<int:pk>/decision/", instruction.prepare_decision, name="prepare_decision"),
    path("demandes/<int:pk>/decision/valider/", instruction.validate_decision, name="validate_decision"),
    path("demandes/<int:pk>/convention/", instruction.prepare_convention, name="prepare_convention"),
    path("demandes/<int:pk>/convention/signer/", instruction.sign_convention, name="sign_convention"),
    path("demandes/<int:pk>/doublon/", instruction.mark_duplicate, name="mark_duplicate"),
    path("demandes/<int:pk>/abandon/", instruction.abandon, name="abandon"),
    path("coselec/", instruction.session_list, name="session_list"),
    path("structures/<int:pk>/", structure.detail, name="detail"),
    path("structures/<int:pk>/contact/", structure.edit_contact, name="edit_contact"),
]
