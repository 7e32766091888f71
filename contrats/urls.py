from django.urls import path

from contrats import views

app_name = "contrats"
urlpatterns = [
    path("mises-en-relation/<int:pk>/contrat/", views.prepare, name="prepare"),
    path("contrats/", views.contrat_list, name="list"),
    path("contrats/<int:pk>/", views.detail, name="detail"),
    path("contrats/<int:pk>/transmettre/", views.transmit, name="transmit"),
    path("contrats/<int:pk>/abandonner/", views.abandon, name="abandon"),
    path("contrats/<int:pk>/renvoyer/", views.send_back, name="send_back"),
    path("contrats/<int:pk>/valider/", views.validate, name="validate"),
]
