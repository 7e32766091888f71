"""The register of personal data is complete: every way to a person is declared, given to them, and erased.

`docs/rgpd.md` is the register, printed. `UPDATE_DOCS=1 pytest tests/test_donnees.py` writes it again.
"""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.urls import reverse
from django.utils import timezone

from accompagnements.models import Accompagnement, Beneficiaire
from candidatures.jobs import erase_old_candidatures
from candidatures.models import CV, Candidature
from comptes import registre
from comptes.enums import RoleKind
from comptes.models import Compte, EntreeJournal, Jeton
from contrats.models import Contrat
from notifications.models import AdresseRefusee, Effet, Preference
from tests.accompagnements.factories import (
    AccompagnementFactory,
    BeneficiaireFactory,
    EnPosteFactory,
    EtiquetteFactory,
    FiltreEnregistreFactory,
    ModeleAtelierFactory,
)
from tests.candidatures.factories import CandidatureFactory, CVFactory
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.matching.factories import EntretienFactory

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "rgpd.md"
INTRODUCTION = """# Données personnelles : le registre

Imprimé depuis les `donnees.py` de chaque application (`comptes/registre.py`), que `tests/test_donnees.py` compare à
tous les modèles : ne pas modifier à la main. Un modèle qui mène à une personne sans rien déclarer fait échouer ce test.

- **Export** : « Mes données », dans l'espace de chacun, donne toutes les lignes ci-dessous, colonne par colonne.
- **Effacement** : « Mes données », puis « Effacer mon compte » : la page dit ce qui part, ce qui reste et pourquoi, et
  redemande le mot de passe. Au support, `manage.py effacer_compte ADRESSE` dit ce qui serait touché ; `--confirmer`
  efface. Une candidature ou un contrat en cours, une structure, un organisme ou un groupe laissés sans personne, le
  dernier compte de l'ANCT s'y opposent.
- **Purges** : elles comptent sans effacer tant que `PURGE_DRY_RUN` est vrai (`docs/exploitation.md`).
"""


def lookup(model, path):
    """The field at the end of a lookup; raises if a step does not exist."""
    for step in path.split("__"):
        if step == "pk":
            return model._meta.pk
        field = model._meta.get_field(step)
        model = field.related_model or model
    return field


def render():
    lines = [INTRODUCTION]
    header = "| Données | Colonnes données à la personne | Finalité | Conservation | À l'effacement |"
    for app in sorted({one.label.partition(".")[0] for one in registre.traitements()}):
        lines += [f"## {app}", "", header, "|---|---|---|---|---|"]
        for one in registre.traitements():
            if one.label.startswith(f"{app}."):
                about = one.est_exporte and (one.personne or one.adresse)
                names = (
                    [f"`{field.name}`" for field in one.exported_fields] if about else ["les actes, par leur numéro"]
                )
                given = ", ".join(names) if one.est_exporte else "rien : données d'autres personnes, ou de machines"
                cells = [f"`{one.label}`", given, one.finalite, one.conservation, one.effacement]
                lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def test_every_way_to_a_person_is_declared():
    assert registre.missing(apps.get_models()) == []


def test_a_model_that_declares_nothing_is_seen():
    class Carnet(models.Model):
        compte = models.ForeignKey(Compte, models.CASCADE)
        candidature = models.ForeignKey(Candidature, models.CASCADE)
        courriel = models.EmailField()

        class Meta:
            app_label = "essai"

    try:
        assert [text.partition(" ")[0] for text in registre.missing([Carnet])] == [
            "essai.Carnet.compte",
            "essai.Carnet.candidature",
            "essai.Carnet.courriel",
        ]
    finally:
        del apps.all_models["essai"]
        apps.clear_cache()


def test_a_declaration_names_what_exists():
    for one in registre.traitements():
        for path in (*one.personne, *one.actes):
            field = lookup(one.model, path)
            assert field.related_model is Compte or (field.primary_key and one.model is Compte), (one.label, path)
        for name in (*one.adresse, *one.hors_export, *(one.masque or {})):
            try:
                one.model._meta.get_field(name)
            except FieldDoesNotExist:
                pytest.fail(f"{one.label}: {name}")
        assert one.finalite
        assert one.conservation
        assert one.effacement
    with pytest.raises(ValueError, match="declared twice"):
        registre.declare("comptes.Role", finalite="", conservation="", effacement="")


def test_the_document_is_the_register():
    if os.environ.get("UPDATE_DOCS"):
        DOCUMENT.write_text(render())
    assert DOCUMENT.read_text() == render(), "UPDATE_DOCS=1 pytest tests/test_donnees.py"


@pytest.fixture
def person():
    """A conseiller who left something everywhere, at a name and an address nobody else has."""
    conseiller = EnPosteFactory()
    compte = conseiller.compte
    Compte.objects.filter(pk=compte.pk).update(email="zephyrine@exemple.fr", prenom="Zéphyrine", nom="Quatrefages")
    compte.refresh_from_db()
    Candidature.objects.filter(compte=compte).update(
        email=compte.email, prenom="Zéphyrine", nom="Quatrefages", telephone="+33755129934", motivation="Zéphyrine."
    )
    FiltreEnregistreFactory(compte=compte, nom="Quatrefages")
    ModeleAtelierFactory(compte=compte, nom="Zéphyrine")
    EtiquetteFactory(compte=compte, nom="Atelier de Zéphyrine")
    BeneficiaireFactory(conseiller=conseiller, prenom="Quatrefages")
    AccompagnementFactory(conseiller=conseiller, notes="Zéphyrine y était.")
    candidature = Candidature.objects.get(compte=compte)
    candidature.experiences.create(poste="Zéphyrine au pair", mois=3)
    CVFactory(candidature=candidature, propre=True)
    EntretienFactory(mise_en_relation__candidature=candidature, message="Bonjour Zéphyrine")
    Preference.objects.create(adresse=compte.email, genre="comptes.invitation", rythme="jamais")
    AdresseRefusee.objects.create(adresse=compte.email, reponse="550")
    Effet.objects.create(cle=f"donnees:{compte.pk}", genre="x", destinataire=compte.email)
    compte.emailaddress_set.create(email=compte.email)
    return compte


def rows_that_say(word):
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table} t WHERE t::text ILIKE %s)", [f"%{word}%"])  # noqa: S608
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def test_one_receives_everything_and_nobody_elses(client, person):
    other = CandidatureFactory(compte=CompteFactory(), prenom="Autrui")
    role = person.roles.get(kind=RoleKind.CONSEILLER)
    client.force_login(person)
    session = client.session
    session["role"] = role.pk
    session.save()
    page = client.get(reverse("comptes:my_data")).content.decode()
    assert "Proposer la candidature" in page
    assert reverse("comptes:my_data") in client.get("/espace/").content.decode()

    given = client.get(reverse("comptes:export_my_data"))
    assert given["Content-Disposition"] == 'attachment; filename="mes-donnees.json"'
    text = given.content.decode()
    natures = {one["nature"]: one["lignes"] for one in json.loads(text)["donnees"]}
    assert {
        "comptes", "candidatures", "expériences", "entretiens", "préférences", "adresses refusées", "accompagnements",
        "filtres enregistrés", "modèles d'atelier", "étiquettes", "contrats", "conseillers numériques", "effets",
    } <= set(natures)  # fmt: skip
    assert natures["accompagnements"][0]["notes"] == "Zéphyrine y était."
    for hidden in (person.password, "Autrui", str(other.reference), "draft_key", "personnes suivies"):
        assert hidden not in text


def test_erasing_says_first_then_leaves_nothing(person, django_capture_on_commit_callbacks):
    cv = CV.objects.get()
    with pytest.raises(CommandError, match="contrat de travail est en cours"):
        call_command("effacer_compte", person.email, confirmer=True)
    with pytest.raises(CommandError, match="Aucun compte"):
        call_command("effacer_compte", "personne@exemple.fr")
    leave(person)
    before = rows_that_say("phyrine")
    assert {"candidatures_candidature", "comptes_compte", "accompagnements_accompagnement"} <= before

    call_command("effacer_compte", person.email)
    assert rows_that_say("phyrine") == before
    assert cv.fichier.storage.exists(cv.fichier.name)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("effacer_compte", person.email, confirmer=True)
    assert not cv.fichier.storage.exists(cv.fichier.name)
    # The log of what was sent to them stays its year, and what structures and proofs hold by law.
    assert rows_that_say("phyrine") == {"notifications_effet"}
    assert rows_that_say("quatrefages") == rows_that_say("755129934") == set()
    person.refresh_from_db()
    assert (person.is_active, person.has_usable_password()) == (False, False)
    assert (Accompagnement.objects.count(), Beneficiaire.objects.count()) == (1, 0)
    line = EntreeJournal.objects.get(verbe="effacer un compte")
    assert line.details["lignes"]["accompagnements.Accompagnement"] == 1


def leave(person):
    """The last day of their contract is behind."""
    Contrat.objects.filter(candidature__compte=person).update(date_fin=timezone.localdate() - timedelta(days=1))


def test_a_jeton_goes_with_the_address():
    role = RoleFactory(kind=RoleKind.BDT)
    Jeton.objects.create(
        purpose="invitation", objet_id=1, email=role.compte.email, digest="a" * 64, expires_at="2030-01-01T00:00Z"
    )
    call_command("effacer_compte", role.compte.email, confirmer=True)
    assert not Jeton.objects.exists()


@pytest.mark.parametrize(("days", "gone"), [(729, 0), (731, 1)])
def test_a_candidat_is_forgotten_24_months_after_their_last_sign(settings, days, gone):
    seen = timezone.now() - timedelta(days=days)
    alone = CandidatureFactory(retiree=True, last_seen_at=seen, prenom="Zéphyrine", nom="Une")
    working = RoleFactory(kind=RoleKind.ANCT).compte
    both = CandidatureFactory(retiree=True, last_seen_at=seen, prenom="Zéphyrine", nom="Deux", compte=working)
    CandidatureFactory(last_seen_at=seen, nom="Vivante")

    assert erase_old_candidatures() == 2 * gone
    assert "candidatures_candidature" in rows_that_say("phyrine")
    settings.PURGE_DRY_RUN = False
    assert erase_old_candidatures() == 2 * gone
    assert erase_old_candidatures() == 0
    assert ("candidatures_candidature" in rows_that_say("phyrine")) == (not gone)
    alone.compte.refresh_from_db()
    working.refresh_from_db()
    assert (alone.compte.is_active, working.is_active) == (not gone, True)
    both.refresh_from_db()
    assert both.email.endswith("@compte.invalid") == bool(gone)
    assert "candidatures_candidature" in rows_that_say("Vivante")
