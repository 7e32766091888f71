from django import forms

from common.forms import Form

# The same columns, said of one person.


class NomForm(Form):
    nom = forms.CharField(label="Nom", max_length=60, help_text="Pour vous seulement ; 60 caractères au plus.")
