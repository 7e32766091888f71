"""One real person travels the whole programme: from an application to a verified attestation.

Real processes (web, worker, PostgreSQL, Redis, an SMTP sink that receives), real Chromium, one browser a person.
Pictures of every page stay in var/artifacts. Only the weeks of training are shortened, by moving dates in the table.
"""

import hashlib
import re
from datetime import date, timedelta

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.management import call_command
from django.utils import timezone

from accompagnements.models import Accompagnement
from candidatures.enums import StatutCandidature
from candidatures.models import Candidature
from comptes.enums import RoleKind
from contrats.enums import StatutContrat
from contrats.models import Contrat
from formation.enums import Competence
from formation.models import (
    Attestation,
    DossierFormation,
    Formateur,
    Organisme,
    ReferentielParcours,
    SessionFormation,
)
from matching.enums import StatutMiseEnRelation
from matching.models import MiseEnRelation
from notifications.models import Effet
from structures.enums import StatutPoste
from structures.models import DemandePoste, Poste
from territoires.models import Commune, Departement
from tests.browser import ARTIFACTS, DESK, PHONE, assert_accessible, follow, screenshot
from tests.comptes.factories import TOTP_SECRET, CompteFactory, RoleFactory
from tests.marks import TRANSACTIONAL
from tests.processes import platform, wait_until  # noqa: F401  # A fixture.

pytestmark = TRANSACTIONAL
PASSWORD = "une phrase de passe longue"
SIRET = "214 401 846 00016"


def totp(secret):
    """Return the code an authenticator app shows now."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


class Person:
    """Someone at their browser."""

    def __init__(self, chromium, platform, viewport=DESK):  # noqa: F811
        self.context = chromium.new_context(
            base_url=platform.url, viewport=viewport, locale="fr-FR", reduced_motion="reduce", accept_downloads=True
        )
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url} {error}"))
        self.page.on(
            "console",
            lambda m: (
                self.problems.append(f"{self.page.url} {m.text}") if "Content Security Policy" in m.text else None
            ),
        )
        self.shots = 0

    def go(self, path):
        self.page.goto(path)

    def look(self, name):
        """Check the page for everyone's eyes, and keep its picture."""
        assert_accessible(self.page)
        screenshot(self.page, f"parcours-{name}", keep=True)

    def fill(self, **values):
        for name, value in values.items():
            self.page.locator(f"[name={name}]").first.fill(str(value))

    def check(self, *names):
        for name in names:
            self.page.locator(name).first.check(force=True)

    def choose(self, **values):
        for name, value in values.items():
            self.page.locator(f"select[name={name}]").select_option(str(value))

    def press(self, text, exact=True):
        follow(self.page.get_by_role("button", name=text, exact=exact).first)

    def follow(self, text):
        follow(self.page.get_by_role("link", name=text).first)

    def sees(self, *texts):
        content = self.page.locator("main").inner_text()
        for text in texts:
            assert text in content, f"{text!r} is not on {self.page.url}:\n{content[:1500]}"

    def sign_in(self, email, secret=TOTP_SECRET):
        self.go("/compte/connexion/")
        self.fill(login=email, password=PASSWORD)
        follow(self.page.locator("form:has([name=password]) button[type=submit]"))
        if secret:
            self.fill(code=totp(secret))
            follow(self.page.locator("form:has([name=code]) button[type=submit]").first)

    def close(self):
        self.context.close()
        assert self.problems == []


@pytest.fixture
def person(chromium, platform):  # noqa: F811
    people = []

    def make(viewport=DESK):
        people.append(Person(chromium, platform, viewport))
        return people[-1]

    yield make
    for one in people:
        one.close()


def staff(kind, **territory):
    compte = CompteFactory(password=PASSWORD, is_staff=kind in {RoleKind.ANCT, RoleKind.BDT})
    return RoleFactory(compte=compte, kind=kind, **territory).compte


def apply(candidat, platform):  # noqa: F811
    """1. A visitor applies; too young is refused; the mail scanner changes nothing; the e-mail is confirmed."""
    candidat.go("/candidater/")
    candidat.look("1-candidater")
    candidat.go("/candidater/identite/")
    young = timezone.localdate() - timedelta(days=15 * 365)
    candidat.fill(prenom="Inès", nom="Le Goff", email="Ines.LeGoff@Exemple.fr", telephone="06 12 34 56 78",
                  date_naissance=young.isoformat())  # fmt: skip
    candidat.press("Continuer")
    candidat.sees("16 ans")
    candidat.look("1-trop-jeune")
    assert candidat.page.locator("[name=prenom]").input_value() == "Inès"
    candidat.fill(date_naissance="1996-02-29")
    candidat.press("Continuer")
    candidat.look("1-lieu")
    candidat.page.locator("[name=commune]").press_sequentially("st nazaire", delay=30)
    candidat.page.get_by_role("option", name=re.compile("Saint-Nazaire.*44600")).click()
    candidat.choose(rayon_km=20)
    candidat.press("Continuer")
    candidat.look("1-situation")
    candidat.press("Continuer")
    candidat.sees("Cochez au moins une situation.")
    candidat.check("[name=situations][value=demandeur_emploi]", "[name=situations][value=experience_mediation]")
    candidat.press("Continuer")
    candidat.fill(
        date_disponibilite=timezone.localdate().isoformat(), motivation="J'aide mes voisins dans leurs démarches."
    )
    candidat.look("1-motivation")
    candidat.press("Continuer")
    candidat.look("1-experience")
    candidat.press("Continuer")
    candidat.look("1-recapitulatif")
    candidat.press("Envoyer ma candidature")
    candidat.look("1-envoyee")
    mail = platform.wait_for_mail("ines.legoff@exemple.fr", "Confirmez votre candidature")
    link = link_in(mail)
    for _ in range(3):  # A mail scanner opens links: nothing happens.
        assert candidat.context.request.get(link).ok
    assert Candidature.objects.get().status == StatutCandidature.A_CONFIRMER
    candidat.go(link)
    candidat.look("1-confirmer")
    follow(candidat.page.locator("main form button[type=submit]"))
    candidat.page.wait_for_url("**/ma-candidature/**")
    candidat.look("1-ma-candidature")
    assert Candidature.objects.get().status == StatutCandidature.ACTIVE
    candidat.go(link)
    candidat.look("1-lien-deja-utilise")


def ask_for_a_post(mairie, platform):  # noqa: F811
    """2. A town hall asks for one post; the directory can't be reached; the account needs a second factor."""
    mairie.go("/demander-un-poste/")
    mairie.look("2-demander")
    mairie.follow("Commencer la demande")
    mairie.fill(identifiant="214 401 846 00017")
    mairie.press("Continuer")
    mairie.look("2-siret-refuse")
    assert mairie.page.locator("[name=identifiant]").input_value() == "214 401 846 00017"
    mairie.fill(identifiant=SIRET)
    mairie.press("Continuer")
    mairie.sees("Saisissez vous-même")
    mairie.fill(nom="Mairie de Saint-Nazaire", adresse="Place François-Blancho", commune="Saint-Nazaire (44600)")
    mairie.page.locator("[name=commune]").press("Tab")
    mairie.choose(type="commune")
    mairie.look("2-structure")
    mairie.press("Continuer")
    mairie.fill(contact_prenom="Dominique", contact_nom="Kervella", contact_fonction="DGS",
                contact_email="mairie@exemple.fr")  # fmt: skip
    mairie.press("Continuer")
    mairie.fill(postes_souhaites=1, date_debut=timezone.localdate().isoformat(),
                motivation="Les habitants nous demandent de l'aide chaque jour.")  # fmt: skip
    mairie.press("Continuer")
    mairie.look("2-recapitulatif")
    mairie.check("[name=engagement]")
    mairie.press("Envoyer la demande")
    link = link_in(platform.wait_for_mail("mairie@exemple.fr", "onfirmez"))
    mairie.go(link)
    mairie.look("2-confirmer")
    mairie.press("Confirmer et déposer la demande")
    mairie.look("2-deposee")
    return sign_in_by_code(mairie, platform, "mairie@exemple.fr")


def sign_in_by_code(someone, platform, email):  # noqa: F811
    """Sign in with a code received by e-mail, set up the second factor, return its secret."""
    someone.go("/compte/connexion/code/")
    someone.fill(email=email)
    someone.look("2-connexion-par-code")
    someone.press("Recevoir le code")
    mail = platform.wait_for_mail(email, "ode")
    code = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", mail.get_body(("plain",)).get_content(), re.M).group(1)
    someone.fill(code=code)
    someone.press("Se connecter")
    someone.page.wait_for_url("**/second-facteur/activer/")
    someone.look("2-second-facteur")
    secret = someone.page.locator(".cn-code").inner_text().strip()
    someone.fill(code=totp(secret))
    someone.press("Activer")
    someone.go("/espace/")
    someone.look("2-espace-structure")
    return secret


def instruct(person, platform, prefet, anct, anct2, bdt, bdt2):  # noqa: F811
    """2 (end). The préfet, the COSELEC and the Banque des Territoires: two persons wherever it counts."""
    demande = DemandePoste.objects.get()
    assert platform.wait_for_mail(prefet.email, "")
    path = f"/demandes/{demande.pk}/"
    prefecture = person()
    prefecture.sign_in(prefet.email)
    prefecture.go("/demandes/")
    prefecture.look("2-prefet-demandes")
    prefecture.go(path + "avis/")
    prefecture.check("[name=avis][value=favorable]")
    prefecture.fill(commentaire="court")
    follow(prefecture.page.locator("main form button[type=submit]"))
    prefecture.look("2-avis-trop-court")
    prefecture.fill(commentaire="Le besoin est réel sur ce territoire.")
    follow(prefecture.page.locator("main form button[type=submit]"))
    prefecture.page.wait_for_url("**" + path)
    prefecture.look("2-avis-rendu")
    agence, agence2 = person(), person()
    agence.sign_in(anct.email)
    agence.go("/coselec/")
    agence.fill(date=timezone.localdate().isoformat())
    agence.look("2-coselec")
    follow(agence.page.locator("main form:has([name=date]) button[type=submit]"))
    agence.go(path + "session/")
    agence.page.locator("select[name=session]").select_option(index=1)
    follow(agence.page.locator("main form button[type=submit]"))
    agence.page.wait_for_url("**" + path)
    agence.go(path + "decision/")
    agence.check("[name=decision][value=favorable]")
    agence.fill(postes=1, motif="Dossier complet, besoin avéré.")
    agence.look("2-decision")
    follow(agence.page.locator("main form button[type=submit]"))
    agence.page.wait_for_url("**" + path)
    agence.sees("une autre personne")
    agence2.sign_in(anct2.email)
    agence2.go(path + "decision/valider/")
    agence2.look("2-valider-la-decision")
    follow(agence2.page.locator("main form button[type=submit]"))
    agence2.page.wait_for_url("**" + path)
    banque, banque2 = person(), person()
    banque.sign_in(bdt.email)
    banque.go(path + "convention/")
    banque.fill(date_debut=timezone.localdate().isoformat())
    banque.look("2-convention")
    follow(banque.page.locator("main form button[type=submit]"))
    banque.page.wait_for_url("**" + path)
    banque2.sign_in(bdt2.email)
    banque2.go(path + "convention/signer/")
    follow(banque2.page.locator("main form button[type=submit]"))
    banque2.page.wait_for_url("**" + path)
    banque2.look("2-convention-signee")
    assert Poste.objects.get().status == StatutPoste.VACANT
    return banque2


def recruit(mairie, candidat, banque, platform):  # noqa: F811
    """3 and 4. Matching proposes, both are told; the structure chooses, then recruits; BdT validates."""
    wait_until(MiseEnRelation.objects.exists, "no proposal", platform.log("worker"))
    # A structure reads the news of a day in one mail, the next morning.
    digest = Effet.objects.filter(genre="matching.new_candidats", recapitulatif__destinataire="mairie@exemple.fr")
    wait_until(digest.exists, "nothing for the digest", platform.log("worker"))
    assert platform.wait_for_mail("ines.legoff@exemple.fr", "est proposée")
    mise = MiseEnRelation.objects.get()
    mairie.go(f"/structures/{mise.structure_id}/candidats/")
    mairie.look("3-candidats")
    assert "Le Goff" not in mairie.page.content()
    assert "ines.legoff" not in mairie.page.content()
    mairie.go(f"/structures/{mise.structure_id}/candidats/?experience=on")
    mairie.sees("Inès")
    mairie.go(f"/mises-en-relation/{mise.pk}/")
    mairie.look("3-proposition")
    assert "Le Goff" not in mairie.page.content()
    mairie.press("Je suis intéressé")
    mairie.sees("Le Goff", "ines.legoff@exemple.fr")
    mairie.look("3-coordonnees")
    assert platform.wait_for_mail("ines.legoff@exemple.fr", "intéress")
    candidat.go("/ma-candidature/propositions/")
    candidat.look("3-propositions-du-candidat")
    candidat.sees("Mairie de Saint-Nazaire")
    mairie.press("Retenir cette personne")
    mairie.follow("Préparer le contrat")
    start = timezone.localdate()
    mairie.check("[name=type][value=cdd]", "[name=temps_plein]")
    mairie.fill(date_debut=start.isoformat(), date_fin=start.replace(year=start.year + 3).isoformat(),
                salaire_brut_mensuel="1 200,00")  # fmt: skip
    mairie.press("Enregistrer et relire")
    mairie.look("4-contrat-refuse")
    mairie.sees("24 mois")
    end = start.replace(year=start.year + 2) - timedelta(days=1)
    mairie.fill(date_fin=end.isoformat(), salaire_brut_mensuel="1 950,00")
    mairie.press("Enregistrer et relire")
    mairie.look("4-contrat")
    mairie.press("Transmettre", exact=False)
    contrat = Contrat.objects.get()
    banque.go("/contrats/")
    banque.look("4-contrats")
    banque.go(f"/contrats/{contrat.pk}/")
    banque.look("4-contrat-a-valider")
    banque.press("Valider", exact=False)
    contrat.refresh_from_db()
    assert contrat.status == StatutContrat.VALIDE
    assert Candidature.objects.get().status == StatutCandidature.RECRUTEE
    assert MiseEnRelation.objects.get().status == StatutMiseEnRelation.RECRUTEE
    assert Poste.objects.get().status == StatutPoste.POURVU


def train(organisme, platform):  # noqa: F811
    """5. Positioning, path, session with its capacity, results; the worker renders the attestation."""
    organisme.go("/formation/dossiers/")
    organisme.look("5-dossiers")
    dossier = DossierFormation.objects.get()
    organisme.go(f"/formation/dossiers/{dossier.pk}/positionnement/")
    organisme.press("Voir la recommandation")
    organisme.look("5-grille-vide")
    for competence in Competence:
        organisme.check(f"[name={competence.value}][value='1']")
    organisme.press("Voir la recommandation")
    organisme.look("5-recommandation")
    parcours = ReferentielParcours.objects.get(heures=105)
    organisme.choose(decide=parcours.pk)
    organisme.fill(motif="Expérience confirmée pendant l'entretien.")
    organisme.press("Assigner ce parcours")
    organisme.go("/formation/sessions/nouvelle/")
    monday = timezone.localdate() + timedelta(days=(7 - timezone.localdate().weekday()) + 7)
    organisme.choose(parcours=parcours.pk)
    organisme.fill(commune="Nantes (44000)", lieu="4 rue de la Formation", date_debut=monday.isoformat(), capacite=1)
    organisme.page.locator("[name=commune]").press("Tab")
    organisme.look("5-session")
    follow(organisme.page.locator("main form button[type=submit]").first)
    session = SessionFormation.objects.get()
    organisme.go(f"/formation/dossiers/{dossier.pk}/")
    organisme.choose(session=session.pk)
    organisme.press("Inscrire")
    assert platform.wait_for_mail("ines.legoff@exemple.fr", "Convocation")
    # Weeks go by: the only thing this test can't wait for.
    weeks = session.date_fin - monday + timedelta(days=21)
    SessionFormation.objects.update(date_debut=session.date_debut - weeks, date_fin=session.date_fin - weeks)
    organisme.go(f"/formation/sessions/{session.pk}/")
    organisme.look("5-session-complete")
    organisme.press("Démarrer la session")
    organisme.go(f"/formation/sessions/{session.pk}/clore/")
    inscription = session.inscriptions.get().pk
    organisme.fill(**{f"i{inscription}-heures": 500})
    organisme.press("Clore et délivrer les attestations")
    organisme.look("5-cloture-en-erreur")
    organisme.fill(**{f"i{inscription}-heures": 105, f"i{inscription}-pix_score": 512})
    organisme.choose(**{f"i{inscription}-ccp1": "obtenu", f"i{inscription}-pix": "obtenu"})
    organisme.press("Clore et délivrer les attestations")
    organisme.look("5-session-close")


def attest(conseiller, person, platform):  # noqa: F811
    """5 (end). The conseiller downloads the attestation; anyone verifies it; one altered byte is refused."""
    assert platform.wait_for_mail("ines.legoff@exemple.fr", "attestation de formation est pr")
    attestation = Attestation.objects.get()
    conseiller.go("/espace/")
    conseiller.go("/ma-formation/")
    conseiller.look("5-ma-formation")
    answer = conseiller.context.request.get(f"/formation/attestations/{attestation.pk}/")
    pdf = answer.body()
    assert hashlib.sha256(pdf).hexdigest() == attestation.sha256
    (ARTIFACTS / "attestation.pdf").write_bytes(pdf)
    anyone = person()
    assert anyone.context.request.get(f"/formation/attestations/{attestation.pk}/", max_redirects=0).status == 302
    anyone.go("/verifier/")
    anyone.fill(reference="n'importe quoi")
    anyone.press("Vérifier")
    anyone.look("5-verifier-en-erreur")
    anyone.fill(reference=attestation.numero)
    anyone.press("Vérifier")
    anyone.look("5-attestation-verifiee")
    assert "Le Goff" not in anyone.page.content()
    upload(anyone, pdf)
    anyone.look("5-fichier-authentique")
    anyone.sees("Fichier intact")
    altered = bytearray(pdf)
    altered[len(altered) // 2] ^= 1
    upload(anyone, bytes(altered))
    anyone.look("5-fichier-modifie")
    anyone.sees("n’est pas celui qui a été délivré")


def upload(anyone, content):
    file = {"name": "attestation.pdf", "mimeType": "application/pdf", "buffer": content}
    anyone.page.locator("[name=fichier]").set_input_files(file)
    anyone.press("Comparer")


def log(conseiller):
    """6. Three accompagnements on a phone, then their figures and their export."""
    conseiller.go("/accompagnements/lieux/nouveau/")
    conseiller.fill(nom="Médiathèque", adresse="3 rue des Livres", commune="Saint-Nazaire (44600)")
    conseiller.page.locator("[name=commune]").press("Tab")
    follow(conseiller.page.locator("main form button[type=submit]"))
    for number, (kind, minutes, people) in enumerate(
        [("individuel", 45, None), ("atelier", 120, 8), ("ponctuel", 10, None)]
    ):
        conseiller.go("/accompagnements/nouveau/")
        if number == 0:
            conseiller.press("Enregistrer")
            conseiller.look("6-saisie-en-erreur")
        conseiller.check(f"[name=type][value={kind}]")
        conseiller.check("[name=duree][value=autre]")
        conseiller.fill(duree_libre=minutes)
        if people:
            conseiller.fill(participants=people)
        conseiller.page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        conseiller.page.locator("[name=themes]").nth(number).check(force=True)
        conseiller.check("[name=canal][value=lieu_activite]")
        conseiller.page.locator("select[name=lieu]").select_option(index=1)
        conseiller.look(f"6-saisie-{kind}")
        conseiller.press("Enregistrer")
    assert Accompagnement.objects.count() == 3
    conseiller.go("/accompagnements/")
    conseiller.look("6-liste")
    conseiller.go("/accompagnements/statistiques/")
    conseiller.look("6-statistiques")
    conseiller.sees("10")
    export = conseiller.context.request.get("/accompagnements/export.csv").text()
    assert len(export.strip().splitlines()) == 4


def steer(person, anct):
    """7. ANCT sees all of it in the admin, where a status is read and never typed."""
    agence = person()
    agence.sign_in(anct.email)
    agence.go("/administration/")
    screenshot(agence.page, "parcours-7-administration", keep=True)
    candidature = Candidature.objects.get()
    agence.go(f"/administration/candidatures/candidature/{candidature.pk}/change/")
    screenshot(agence.page, "parcours-7-candidature", keep=True)
    content = agence.page.content()
    assert "Recrutée" in content
    assert agence.page.locator("[name=status]").count() == 0
    for path in ("structures/demandeposte", "matching/miseenrelation", "contrats/contrat", "formation/attestation",
                 "accompagnements/accompagnement", "notifications/effet"):  # fmt: skip
        agence.go(f"/administration/{path}/")
        assert agence.page.locator("#result_list").count() == 1, path


def link_in(mail):
    body = mail.get_body(("plain",)).get_content()
    return re.search(r"https?://[^/\s]+(/\S+)", body).group(1)


def test_from_an_application_to_a_verified_attestation(person, platform):  # noqa: F811
    call_command("load_territoires", verbosity=0)
    departement = Departement.objects.get(code="44")
    prefet = staff(RoleKind.PREFET, departement=departement)
    anct, anct2, bdt, bdt2 = (staff(kind) for kind in [RoleKind.ANCT] * 2 + [RoleKind.BDT] * 2)
    formateur = staff(RoleKind.ORGANISME_FORMATION)
    organisme = Organisme.objects.create(
        nom="Les Ateliers du numérique", siret="21440184600024", habilite_du=date(2021, 1, 1),
        commune=Commune.objects.get(code="44109"),
    )  # fmt: skip
    organisme.regions.add(departement.region)
    Formateur.objects.create(organisme=organisme, compte=formateur)
    platform.start_redis()
    platform.start_worker()
    platform.start_web()

    candidat = person(PHONE)
    apply(candidat, platform)
    mairie = person()
    ask_for_a_post(mairie, platform)
    banque = instruct(person, platform, prefet, anct, anct2, bdt, bdt2)
    recruit(mairie, candidat, banque, platform)
    organisme = person()
    organisme.sign_in(formateur.email)
    train(organisme, platform)
    attest(candidat, person, platform)
    log(candidat)
    steer(person, anct)
