from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
import time_machine
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from pypdf import PdfReader

from accompagnements.enums import (
    TypeCoordination,
)
from accompagnements.enums_lieux import (
    AccesLieu,
)
from accompagnements.horaires import (
    validate_horaires,
)
from accompagnements.models import (
    Accompagnement,
    Appartenance,
    Coordination,
    Etiquette,
    ExceptionHoraires,
    Groupe,
    LienPartage,
    LieuActivite,
)
from accompagnements.services import (
    find_lien,
    token_of,
)
from candidatures.enums import StatutCandidature
from candidatures.models import CV, Candidature, Experience
from comptes.demo import DEMO_ACCOUNTS, demo_email, demo_jeton_api
from comptes.models import Role
from comptes.services import find_jeton_api
from contrats.conditions import Conditions, find_problems
from contrats.enums import StatutContrat
from contrats.models import Conseiller, Contrat
from contrats.services import read_cadre
from formation.enums import StatutDossier, StatutInscription, StatutSession
from formation.models import Attestation, DossierFormation, Inscription, SessionFormation
from matching.enums import STATUTS_OUVERTS, StatutEntretien, StatutMiseEnRelation
from matching.models import Entretien, MiseEnRelation
from notifications.enums import EtatEffet
from notifications.models import Effet
from pilotage.demo.loader import load_demo
from pilotage.demo.names import de
from structures.enums import StatutDemande, StatutPoste
from structures.models import Convention, DecisionCoselec, DemandePoste, Poste, Structure
from territoires.models import Region
from tests.territoires.conftest import referentiel  # noqa: F401

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
# Drawn anew each time, for a reason: salts, sealed secrets, and the hour of the load itself.
NOT_COMPARED = {
    "password",
    "data",
    "scelle",
    "updated_at",
    "done_at",
    "prochain_at",
    "started_at",
    "finished_at",
    "secondes",
}
NOT_COMPARED_THERE = {
    ("notifications_effet", "created_at"), ("mfa_authenticator", "created_at"),
    # Nothing refers to a mark, and the planner chooses in which order a statement writes them.
    ("accompagnements_marquestatistique", "id"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("nom", "expected"),
    [
        ("Nantes", "de Nantes"),
        ("Le Havre", "du Havre"),
        ("Les Abymes", "des Abymes"),
        ("La Rochelle", "de La Rochelle"),
        ("L'Haÿ-les-Roses", "de L'Haÿ-les-Roses"),
        ("Orléans", "d'Orléans"),
        ("Évry-Courcouronnes", "d'Évry-Courcouronnes"),
        ("Hyères", "d'Hyères"),
        ("Haguenau", "de Haguenau"),
        ("Yvetot", "d'Yvetot"),
        ("Yerres", "d'Yerres"),
        ("Yutz", "de Yutz"),
        ("Lens", "de Lens"),
        ("Lesparre-Médoc", "de Lesparre-Médoc"),
    ],
)
def test_a_name_follows_its_article(nom, expected):
    assert de(nom) == expected


def digest():
    """Return what every table holds, keys included."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name !~ '^(django|auth|territoires|common)_' ORDER BY 1, 2"
        )
        columns = {}
        for table, column in cursor.fetchall():
            if column not in NOT_COMPARED and (table, column) not in NOT_COMPARED_THERE:
                columns.setdefault(table, []).append(f"{table}.{column}")
        for table, names in columns.items():
            row = f"md5(ROW({', '.join(names)})::text)"
            cursor.execute(f"SELECT md5(string_agg({row}, '' ORDER BY {row})), count(*) FROM {table}")  # noqa: S608  # Names of ours, values as parameters.
            found[table] = cursor.fetchone()
    return found


def reset_sequences():
    """Have every key start again after the rows there are: before both loads, and for the tests that follow."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models(include_auto_created=True)):
            cursor.execute(statement)


def load_and_forget(seed, at):
    """Load a small demo at a moment, say what it holds, and leave the database as it was, sequences included."""
    reset_sequences()
    with transaction.atomic(), time_machine.travel(at, tick=False):
        load_demo(day=date(2026, 11, 24), seed=seed, share=0.05)
        found = digest()
        transaction.set_rollback(True)
    reset_sequences()
    return found


def test_same_seed_and_day_give_the_same_rows_whatever_the_hour(referentiel):  # noqa: F811
    first = load_and_forget(7, NOW)

    again = load_and_forget(7, NOW.replace(hour=16))
    assert {table for table in first if first[table] != again[table]} == set()
    assert load_and_forget(8, NOW) != first


@pytest.fixture(scope="class")
def demo(referentiel, django_db_blocker):  # noqa: F811
    """The whole demo, loaded once, and taken away after the class: other tests of this module load their own."""
    with django_db_blocker.unblock(), time_machine.travel(NOW), transaction.atomic():
        load_demo(day=date(2026, 11, 24))
        yield
        transaction.set_rollback(True)


def statuses(model):
    return dict(model.objects.values_list("status").annotate(Count("pk")).order_by())


@pytest.mark.usefixtures("demo")
class TestWholeDemo:
    """Loaded once for all of these."""

    def test_numbers(self):
        assert Accompagnement.objects.count() == 20_000
        assert Structure.objects.count() > 350
        assert Candidature.objects.count() > 900
        assert Conseiller.objects.count() > 150
        assert Attestation.objects.count() > 100
        assert MiseEnRelation.objects.filter(status__in=STATUTS_OUVERTS).count() > 300

    def test_every_status_is_there(self):
        assert set(statuses(Candidature)) == set(StatutCandidature)
        assert set(statuses(DemandePoste)) == set(StatutDemande)
        assert set(statuses(Poste)) == set(StatutPoste)
        assert set(statuses(MiseEnRelation)) == set(StatutMiseEnRelation)
        assert set(statuses(Entretien)) == set(StatutEntretien)
        assert Entretien.objects.contradictory().exists()
        assert set(statuses(DossierFormation)) == set(StatutDossier)
        assert set(statuses(SessionFormation)) == set(StatutSession)
        assert set(statuses(Inscription)) == set(StatutInscription) - {StatutInscription.PROPOSEE}
        assert set(statuses(Contrat)) == set(StatutContrat) - {StatutContrat.ABANDONNE}

    def test_lieux_are_found_described_and_some_are_to_merge(self):
        lieux = LieuActivite.objects.all()
        assert lieux.public().count() > 150
        assert lieux.exclude(latitude=None).count() > lieux.filter(latitude=None).count() > 10
        assert set(lieux.values_list("acces", flat=True)) == set(AccesLieu)
        for horaires in lieux.exclude(horaires="").values_list("horaires", flat=True):
            validate_horaires(horaires)
        assert ExceptionHoraires.objects.count() > 20
        twins = lieux.filter(nom__endswith="(permanence)", accompagnements__isnull=False)
        assert twins.values("pk").distinct().count() >= 3
        bus = lieux.get(itinerant=True, conseillers__compte__email=demo_email("conseiller"))
        assert bus.passages.filter(date__gte=NOW.date()).exists()

    def test_some_tell_their_experience_and_a_few_have_a_cv(self):
        everyone = Candidature.objects.count()
        assert Experience.objects.count() > everyone / 3
        assert everyone / 5 < Candidature.objects.filter(niveau_pix__isnull=False).count() < everyone / 2
        assert 5 <= CV.objects.readable().count() <= 8
        for cv in CV.objects.readable().select_related("candidature"):
            with cv.fichier.open("rb") as file:
                page = PdfReader(file).pages[0].extract_text()
            assert f"{cv.candidature.prenom} {cv.candidature.nom}" in page
            assert cv.transitions.count() == 1

    def test_every_region_has_its_people(self):
        regions = Region.objects.annotate(
            structures=Count("departements__communes__structures", distinct=True),
            conseillers=Count("departements__communes__structures__contrats__conseiller", distinct=True),
            organismes_count=Count("organismes", distinct=True),
        )
        candidats = Candidature.objects.exclude(commune=None).values_list("commune__departement__region", flat=True)
        for region in regions:
            assert (region.structures, region.conseillers, region.organismes_count) >= (1, 1, 1), region
            assert region.pk in set(candidats)

    def test_accompagnements_happen_in_post_and_never_in_the_future(self):
        rows = Accompagnement.objects.all()
        wrong = Q(date__lt=F("conseiller__contrat__date_debut")) | Q(date__gt=F("conseiller__contrat__date_fin"))
        assert not rows.filter(wrong).exists()
        assert not rows.filter(date__gte=NOW.date()).exists()
        assert not rows.filter(date__iso_week_day__gt=5).exists()
        assert (NOW.date() - rows.earliest("date").date).days > 600

    def test_nothing_happened_after_now(self):
        now = timezone.now()
        for model in (
            Candidature, Structure, DemandePoste, Poste, MiseEnRelation, Entretien, Contrat, DossierFormation,
        ):  # fmt: skip
            assert not model.objects.filter(created_at__gt=now).exists(), model
            if hasattr(model, "transitions"):
                assert not model.objects.filter(transitions__at__gt=now).exists(), model

    def test_history_leads_from_the_first_status_to_the_present_one(self):
        for model in (
            Candidature, DemandePoste, Poste, MiseEnRelation, Entretien, Contrat, DossierFormation, Inscription,
        ):  # fmt: skip
            for row in model.objects.prefetch_related("transitions"):
                steps = sorted(row.transitions.all(), key=lambda step: (step.at, step.pk))
                for before, after in pairwise(steps):
                    assert before.to_status == after.from_status, (model, row.pk)
                for step in steps:
                    assert step.to_status in model.NEXT_STATUSES[step.from_status], (model, row.pk)
                if steps:
                    assert steps[-1].to_status == row.status, (model, row.pk)

    def test_contracts_follow_the_rules_of_their_employer(self):
        rows = Contrat.objects.select_related("poste__convention", "poste__structure__commune__departement")
        for contrat in rows:
            conditions = Conditions(contrat.type, contrat.date_debut, contrat.date_fin, contrat.salaire_brut_mensuel)
            assert find_problems(conditions, read_cadre(contrat.poste, contrat.date_debut)) == {}

    def test_a_village_is_a_village(self):
        small = Structure.objects.filter(commune__population__lt=1500).annotate(Count("postes"))
        assert small.exists()
        assert not small.filter(postes__count__gt=1).exists()
        assert not Structure.objects.filter(Q(nom__contains="de Le ") | Q(nom__contains="de Les ")).exists()
        assert not Structure.objects.filter(nom__regex=" de [AEIOUÉÈÎ]").exists()
        assert not Structure.objects.values("nom", "commune").annotate(n=Count("pk")).filter(n__gt=1).exists()

    def test_nothing_leaves_but_what_must_be_rendered(self):
        waiting = Effet.objects.filter(etat=EtatEffet.EN_ATTENTE)
        assert set(waiting.values_list("genre", flat=True)) == {"formation.render_attestation"}
        assert waiting.count() == Attestation.objects.count()
        # Once rendered, only the demo conseiller is told.
        ready = Effet.objects.filter(genre="formation.attestation_ready")
        assert ready.count() == Attestation.objects.count() - 1
        assert not ready.filter(destinataire=demo_email("conseiller")).exists()

    def test_coordinateurs_have_a_group_and_log_what_they_do(self):
        coordinateur = Role.objects.get(compte__email=demo_email("coordinateur"))
        groupe = Groupe.objects.get(coordinateur=coordinateur.compte)
        held = groupe.appartenances.accepted()
        assert held.on(NOW.date()).count() >= 5
        # Someone left and came back.
        assert held.values("conseiller").annotate(n=Count("pk")).filter(n=2).exists()
        assert Appartenance.objects.pending().exists()
        assert set(Coordination.objects.filter(coordinateur=coordinateur.compte).values_list("type", flat=True)) == set(
            TypeCoordination
        )
        assert not Coordination.objects.filter(date__gte=NOW.date()).exists()

    def test_demo_accounts_have_something_to_do(self):
        assert Role.objects.filter(compte__email__in=map(demo_email, DEMO_ACCOUNTS)).count() == len(DEMO_ACCOUNTS)
        structure = Structure.objects.get(membres__compte__email=demo_email("structure"))
        assert structure.mises_en_relation.filter(status=StatutMiseEnRelation.PROPOSEE).count() >= 10
        assert structure.postes.filter(status=StatutPoste.VACANT).exists()
        candidat = Candidature.objects.get(compte__email=demo_email("candidat"))
        own = set(candidat.mises_en_relation.values_list("status", flat=True))
        assert {StatutMiseEnRelation.INTERESSEE, StatutMiseEnRelation.PROPOSEE} <= own
        conseiller = Conseiller.objects.get(compte__email=demo_email("conseiller"))
        assert conseiller.dossier_formation.status == StatutDossier.FORME
        first = Effet.objects.filter(etat=EtatEffet.EN_ATTENTE).earliest("prochain_at")
        attestation = Attestation.objects.get(pk=first.charge["attestation"])
        assert attestation.inscription.dossier.conseiller == conseiller
        assert Accompagnement.objects.filter(conseiller=conseiller).count() > 100
        followed = conseiller.beneficiaires.with_path()
        assert followed.count() == 14
        assert not followed.filter(accompagnements=None).exists()
        assert Etiquette.objects.filter(compte=conseiller.compte, accompagnements__isnull=False).distinct().count() == 4
        organisme = DossierFormation.objects.filter(organisme__formateurs__compte__email=demo_email("organisme"))
        assert organisme.count() >= 5
        assert find_jeton_api(demo_jeton_api(demo_email("conseiller"))).role.compte == conseiller.compte
        shared = LienPartage.objects.get()
        assert find_lien(token_of(shared)) == shared
        prefet = Role.objects.get(compte__email=demo_email("prefet"))
        to_instruct = DemandePoste.objects.visible_to(prefet).filter(status=StatutDemande.DEPOSEE)
        assert to_instruct.count() >= 4
        for names, rows in (
            (("anct", "anct2"), DecisionCoselec.objects.filter(validee_par=None)),
            (("bdt", "bdt2"), Convention.objects.filter(signee_par=None)),
        ):
            for name in names:
                assert rows.filter(preparee_par__email=demo_email(name)).exists(), name
        assert DemandePoste.objects.filter(status=StatutDemande.A_CONVENTIONNER, convention=None).exists()
        assert Contrat.objects.filter(status=StatutContrat.TRANSMIS).count() >= 3
