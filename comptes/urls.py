from django.urls import path

from comptes import views

app_name = "comptes"
urlpatterns = [
    path("role/", views.switch_role, name="switch_role"),
    path("invitation/<str:token>/", views.accept_invitation, name="accept_invitation"),
    path("mes-donnees/", views.my_data, name="my_data"),
    path("mes-donnees/effacer/", views.erase_my_data, name="erase_my_data"),
    path("mes-donnees/export.json", views.export_my_data, name="export_my_data"),
    path("mes-notifications/", views.notifications, name="notifications"),
    path("acces-api/", views.jeton_api_list, name="jeton_api_list"),
    path("acces-api/<int:pk>/revoquer/", views.jeton_api_revoke, name="jeton_api_revoke"),
    path("support/emails/", views.message_list, name="message_list"),
    path("support/emails/<str:genre>/<int:numero>/", views.message_detail, name="message_detail"),
    path("support/emails/<str:genre>/<int:numero>/html/", views.message_html, name="message_html"),
    path("support/envois/", views.log_search, name="log_search"),
    path("support/envois/<int:pk>/", views.log_detail, name="log_detail"),
    path("support/envois/<int:pk>/renvoyer/<int:effet>/", views.log_send_again, name="log_send_again"),
    path("support/envois/<int:pk>/reprendre/", views.log_lift, name="log_lift"),
]
