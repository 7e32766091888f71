"""From the person retained to the conseiller in post.

Locks, always in this order: the candidature, the mise en relation, the post, the contract (see `matching.services`).
"""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from candidatures.enums import StatutCandidature
from candidatures.models import Candidature
from candidatures.services import recruit_candidature
from common.dates import today_in
from common.exceptions import RuleError, TransitionError
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from comptes.services import grant_role
from contrats import emails  # noqa: F401  # The worker knows the messages once this module is read.
from contrats.conditions import Cadre, Conditions, find_problems
from contrats.enums import STATUTS_ENGAGES, StatutContrat
from contrats.exceptions import (
    AlreadyRecruitedError,
    NotAvailableError,
    PosteNotVacantError,
    PosteTakenError,
    SamePersonError,
)
from contrats.models import Conseiller, Contrat, SmicMensuel
from contrats.signals import conseiller_recruited
from matching.enums import StatutMiseEnRelation
from matching.models import MiseEnRelation
from matching.services import record_recruitment
from notifications.services import queue_effet
from structures.enums import StatutPoste
from structures.models import Membre, Poste
from structures.services import fill_poste

_S = StatutContrat
_M = StatutMiseEnRelation
ENGAGEMENT_ERRORS = {"contrat_un_par_personne": AlreadyRecruitedError, "contrat_un_par_poste": PosteTakenError}


# --- Conditions -----------------------------------------------------------------------------------------------


def read_cadre(poste: Poste, start: date) -> Cadre:
    """Gather what the law and the decision ask of a contract on this post."""
    smic = SmicMensuel.objects.filter(valide_du__lte=start).order_by("-valide_du").first()
    # Before the first known value, the first one: the programme did not exist.
    smic = smic or SmicMensuel.objects.earliest("valide_du")
    fuseau = poste.structure.commune.fuseau
    signed_at = poste.convention.signee_at or poste.convention.created_at
    return Cadre(
        is_private=poste.structure.is_private,
        decision_on=timezone.localtime(signed_at).date(),
        smic=smic.montant,
        today=today_in(fuseau),
    )


def check_conditions(poste: Poste, conditions: Conditions) -> dict[str, str]:
    """Return the problems of a contract, by field."""
    return find_problems(conditions, read_cadre(poste, conditions.date_debut))


def _conditions_of(contrat: Contrat) -> Conditions:
    return Conditions(contrat.type, contrat.date_debut, contrat.date_fin, contrat.salaire_brut_mensuel)


def _refuse_problems(poste: Poste, conditions: Conditions) -> None:
    for field, sentence in check_conditions(poste, conditions).items():
        raise RuleError(sentence, field=field)


# --- Locks ----------------------------------------------------------------------------------------------------


def _lock_people(mise: MiseEnRelation) -> MiseEnRelation:
    candidature = Candidature.objects.select_for_update(of=("self",)).get(pk=mise.candidature_id)
    mise = MiseEnRelation.objects.select_for_update(of=("self",)).select_related("structure").get(pk=mise.pk)
    mise.candidature = candidature
    return mise


def _lock_poste(pk: int) -> Poste:
    rows = Poste.objects.select_for_update(of=("self",))
    return rows.select_related("structure__commune__departement", "convention").get(pk=pk)


def _lock(contrat: Contrat) -> Contrat:
    """Lock the person, the mise en relation, the post, then the contract, and read them all again."""
    mise = _lock_people(contrat.mise_en_relation)
    poste = _lock_poste(contrat.poste_id)
    fresh = Contrat.objects.select_for_update(of=("self",)).get(pk=contrat.pk)
    if fresh.poste_id != poste.pk:  # Edited between the two reads.
        raise TransitionError(fresh.get_status_display(), fresh.status)
    fresh.mise_en_relation, fresh.candidature, fresh.structure, fresh.poste = (
        mise,
        mise.candidature,
        mise.structure,
        poste,
    )
    return fresh


# --- The structure --------------------------------------------------------------------------------------------


@transaction.atomic
def prepare_contrat(*, mise_en_relation: MiseEnRelation, poste: Poste, conditions: Conditions, by: Role) -> Contrat:
    """Write the contract of a person retained, or correct the one in preparation. Raises RuleError by field."""
    mise = _lock_people(mise_en_relation)
    if mise.candidature.status != StatutCandidature.ACTIVE:
        raise NotAvailableError
    poste = _lock_poste(poste.pk)
    if poste.status != StatutPoste.VACANT or poste.structure_id != mise.structure_id:
        raise PosteNotVacantError
    _refuse_problems(poste, conditions)
    contrat = _draft_of(mise) or Contrat(mise_en_relation=mise, candidature=mise.candidature, structure=mise.structure)
    contrat.poste = poste
    contrat.type, contrat.date_debut = conditions.type, conditions.date_debut
    contrat.date_fin, contrat.salaire_brut_mensuel = conditions.date_fin, conditions.salaire_brut_mensuel
    contrat.save()
    _bring_to_contrat(mise, by)
    return contrat


def _draft_of(mise: MiseEnRelation) -> Contrat | None:
    contrat = (
        Contrat.objects.select_for_update(of=("self",))
        .filter(mise_en_relation=mise, status__in=[_S.PREPARE, _S.TRANSMIS])
        .first()
    )
    if contrat is not None and contrat.status != _S.PREPARE:
        raise TransitionError(contrat.get_status_display(), _S.PREPARE)
    return contrat


def _bring_to_contrat(mise: MiseEnRelation, by: Role) -> None:
    """A contract may follow an interest at once: the person is then retained on the way."""
    if mise.status in {_M.INTERESSEE, _M.ENTRETIEN}:
        mise.move_to(_M.RETENUE, by=by.compte)
    if mise.status != _M.CONTRAT:
        mise.move_to(_M.CONTRAT, by=by.compte)


@transaction.atomic
def transmit_contrat(*, contrat: Contrat, by: Role) -> Contrat:
    """Send the contract to the Banque des Territoires. Of several employers, one succeeds."""
    contrat = _lock(contrat)
    if contrat.status == _S.TRANSMIS and contrat.transmis_par_id == by.compte_id:
        return contrat  # A second click.
    if contrat.candidature.status != StatutCandidature.ACTIVE:
        raise NotAvailableError
    if contrat.poste.status != StatutPoste.VACANT:
        raise PosteNotVacantError
    _refuse_problems(contrat.poste, _conditions_of(contrat))
    _engage(contrat, by)
    _tell_bdt("contrats.transmitted", contrat)
    _tell_person("contrats.transmitted_to_person", contrat)
    return contrat


def _engage(contrat: Contrat, by: Role) -> None:
    """Move to « transmis », which a person and a post have at most one of: the database says who was first."""
    engaged = Contrat.objects.filter(status__in=sorted(STATUTS_ENGAGES))
    if engaged.filter(candidature=contrat.candidature_id).exists():
        raise AlreadyRecruitedError
    if engaged.filter(poste=contrat.poste_id).exists():
        raise PosteTakenError
    try:
        with transaction.atomic():
            contrat.move_to(_S.TRANSMIS, by=by.compte, transmis_par=by.compte)
    except IntegrityError as error:
        for name, refusal in ENGAGEMENT_ERRORS.items():
            if name in str(error):
                raise refusal from error
        raise


@transaction.atomic
def abandon_contrat(*, contrat: Contrat, by: Role) -> Contrat:
    """The structure gives the contract up; the person stays retained."""
    contrat = _lock(contrat)
    if contrat.status == _S.ABANDONNE:
        return contrat
    was_sent = contrat.status == _S.TRANSMIS
    contrat.move_to(_S.ABANDONNE, by=by.compte)
    contrat.mise_en_relation.move_to(_M.RETENUE, by=by.compte, reason="contrat abandonné")
    if was_sent:
        _tell_bdt("contrats.abandoned", contrat)
        _tell_person("contrats.abandoned_for_person", contrat)
    return contrat


def abandon_for_mise_en_relation(*, mise_en_relation: MiseEnRelation, by: Compte | None) -> None:
    """Give up the contract of a mise en relation that just closed; the caller holds its locks."""
    rows = Contrat.objects.select_for_update(of=("self",)).filter(mise_en_relation=mise_en_relation)
    for contrat in rows.filter(status__in=[_S.PREPARE, _S.TRANSMIS]):
        was_sent = contrat.status == _S.TRANSMIS
        contrat.move_to(_S.ABANDONNE, by=by, reason="mise en relation close")
        if was_sent:
            _tell_bdt("contrats.abandoned", contrat)


# --- Banque des Territoires -----------------------------------------------------------------------------------


@transaction.atomic
def send_back_contrat(*, contrat: Contrat, reason: str, by: Role) -> Contrat:
    """Ask the structure for a correction."""
    contrat = _lock(contrat)
    contrat.move_to(_S.PREPARE, by=by.compte, reason=reason, transmis_par=None)
    _tell_structure("contrats.sent_back", contrat)
    return contrat


@transaction.atomic
def validate_contrat(*, contrat: Contrat, by: Role) -> Conseiller:
    """Recruit: the candidature is closed everywhere at once, the post filled, the person becomes a conseiller."""
    contrat = _lock(contrat)
    if contrat.status == _S.VALIDE and contrat.valide_par_id == by.compte_id:
        return Conseiller.objects.get(contrat=contrat)  # A second click.
    if contrat.transmis_par_id == by.compte_id:
        raise SamePersonError
    contrat.move_to(_S.VALIDE, by=by.compte, valide_par=by.compte, valide_at=timezone.now())
    record_recruitment(mise_en_relation=contrat.mise_en_relation, by=by)
    recruit_candidature(candidature=contrat.candidature, by=by)
    fill_poste(poste=contrat.poste, by=by)
    conseiller = _appoint(contrat)
    _tell_structure("contrats.validated", contrat)
    _tell_person("contrats.recruited", contrat)
    conseiller_recruited.send(sender=Conseiller, conseiller=conseiller)
    return conseiller


def _appoint(contrat: Contrat) -> Conseiller:
    """Create the conseiller, or bring back the one this account already was."""
    compte = contrat.candidature.compte
    assert compte is not None  # noqa: S101  # A constraint: an active candidature has an account.
    equipment = {"tenue_remise_at": None, "mobilier_remis_at": None}
    conseiller, _ = Conseiller.objects.update_or_create(compte=compte, defaults={"contrat": contrat, **equipment})
    grant_role(compte=compte, kind=RoleKind.CONSEILLER)
    return conseiller


@transaction.atomic
def start_contrat(*, contrat: Contrat) -> bool:
    """Note that the first day has come. False when it has not, or when the contract moved meanwhile."""
    contrat = Contrat.objects.select_for_update(of=("self",)).get(pk=contrat.pk)
    if contrat.status != _S.VALIDE or contrat.date_debut > timezone.localdate():
        return False
    contrat.move_to(_S.EN_COURS, by=None)
    return True


# --- Who is told ----------------------------------------------------------------------------------------------


def _tell(genre: str, contrat: Contrat, compte: Compte) -> None:
    """Queue a message about the move just made: its key is the move's, so that it leaves once."""
    transition = contrat.transitions.latest("pk")
    cle = f"{genre}:{transition.pk}:{compte.pk}"
    queue_effet(genre, cle=cle, destinataire=compte.email, transition=transition.pk, compte=compte.pk)


def _tell_person(genre: str, contrat: Contrat) -> None:
    compte = contrat.candidature.compte
    if compte is not None:
        _tell(genre, contrat, compte)


def _tell_structure(genre: str, contrat: Contrat) -> None:
    for membre in Membre.objects.filter(structure=contrat.structure_id, compte__is_active=True).select_related(
        "compte"
    ):
        _tell(genre, contrat, membre.compte)


def _tell_bdt(genre: str, contrat: Contrat) -> None:
    roles = Role.objects.active().filter(kind=RoleKind.BDT, compte__is_active=True)
    for compte in Compte.objects.filter(pk__in=roles.values("compte")):
        _tell(genre, contrat, compte)
