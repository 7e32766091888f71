import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pgtrigger
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils import timezone

from candidatures import emails  # noqa: F401  # Registers the messages this module queues.
from candidatures.constants import (
    CV_FOLDERS,
    CV_ORPHAN_AFTER,
    EMAIL_INTERVAL,
    EMAILS_PER_ADDRESS_A_DAY,
    EMAILS_PER_CANDIDATURE,
    EXPERIENCES_MAX,
)
from candidatures.enums import STATUTS_MODIFIABLES, Etape, MotifRetrait, StatutCandidature, StatutCV
from candidatures.exceptions import (
    CandidatureExistsError,
    CvUnavailableError,
    IncompleteCandidatureError,
    TooManyEmailsError,
)
from candidatures.models import CV, Candidature
from candidatures.selectors import READ_CV
from candidatures.signals import candidature_changed, candidature_closed, candidature_opened
from candidatures.tasks import discard_files
from common.exceptions import RuleError, StaleFormError, TransitionError
from comptes.enums import OWN_DATA_ROLES, JetonPurpose, RoleKind
from comptes.exceptions import JetonError
from comptes.models import Compte, Role
from comptes.services import consume_jeton, get_or_create_compte, grant_role, record
from notifications.services import queue_effet

# What the filters and the score look at: a change of one of them is announced.
MATCHED_FIELDS = frozenset(
    {
        "commune", "rayon_km", "date_disponibilite", "diplome_mediation", "experience_mediation", "titulaire_tp_remn",
        "savoir_etre", "langues", "niveau_pix", "experiences",
    }
)  # fmt: skip
ONE_DAY = timedelta(days=1)


def _lock(pk: int) -> Candidature:
    rows = Candidature.objects.select_for_update(of=("self",)).select_related("commune__departement", "compte")
    return rows.get(pk=pk)


def _lock_for_link(jeton_objet_id: int) -> Candidature:
    """Lock what a link is about; a row deleted since is a link that is no longer valid."""
    try:
        return _lock(jeton_objet_id)
    except Candidature.DoesNotExist as error:
        raise JetonError from error


# --- The draft ------------------------------------------------------------------------------------------


@transaction.atomic
def save_draft(
    *,
    draft_key: uuid.UUID,
    values: Mapping[str, Any],
    before: Candidature | None = None,
    experience: Mapping[str, Any] | None = None,
    remove: int | None = None,
) -> Candidature:
    """Write one step. The row is created with the first valid one, so that robots leave nothing behind; the key
    comes with the form, so that a double click creates one. `experience` is added to the list, `remove` taken from
    it; `before` is the row the form was filled with. Raises StaleFormError.
    """
    candidature, created = Candidature.objects.get_or_create(draft_key=draft_key, defaults=dict(values))
    if not created:
        candidature = _lock(candidature.pk)
        if candidature.status != StatutCandidature.BROUILLON:
            raise TransitionError(candidature.get_status_display(), StatutCandidature.BROUILLON)
        _refuse_stale(candidature, before, values)
        _write(candidature, values)
    _change_experiences(candidature, experience, remove)
    return candidature


def _refuse_stale(candidature: Candidature, before: Candidature | None, values: Mapping[str, Any]) -> None:
    """Refuse to overwrite what another window saved since the form was filled; the same value twice is no conflict."""
    if before is None:
        return
    for name, value in values.items():
        saved = getattr(candidature, name)
        if saved not in (getattr(before, name), value):
            raise StaleFormError


def _change_experiences(candidature: Candidature, added: Mapping[str, Any] | None, removed: int | None) -> list[str]:
    """Add one and take one away, and name what changed. A double click adds once."""
    changed = 0
    if removed is not None:
        changed += candidature.experiences.filter(pk=removed).delete()[0]
    if added is not None and not candidature.experiences.filter(**added).exists():
        if candidature.experiences.count() >= EXPERIENCES_MAX:
            raise RuleError(f"Vous pouvez indiquer {EXPERIENCES_MAX} expériences au maximum.", field="poste")
        candidature.experiences.create(**added)
        changed += 1
    return ["experiences"] if changed else []


def _write(candidature: Candidature, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(candidature, name, value)
    candidature.save(update_fields=[*values, "updated_at"])


@transaction.atomic
def discard_draft(*, draft: Candidature) -> None:
    candidature = _lock(draft.pk)
    if candidature.compte_id is not None:
        raise TransitionError(candidature.get_status_display(), StatutCandidature.BROUILLON)
    _delete([candidature.pk])


def _delete(pks: list[int]) -> int:
    """Delete rows nobody ever confirmed, with the comings and goings of those that were sent and corrected.

    History is kept against everyone: this is the one place that lifts the trigger, for rows that belong to no one.
    """
    with pgtrigger.ignore("candidatures.CandidatureTransition:append_only"):
        _, deleted = Candidature.objects.filter(pk__in=pks, compte=None).delete()
    return deleted.get("candidatures.Candidature", 0)


@transaction.atomic
def submit_candidature(*, candidature: Candidature) -> Candidature:
    """Send a complete draft and ask its address to confirm. Sending it twice is sending it once."""
    candidature = _lock(candidature.pk)
    if candidature.status == StatutCandidature.A_CONFIRMER:
        return candidature
    for sentence in candidature.problems().values():
        raise IncompleteCandidatureError(sentence)
    now = timezone.now()
    candidature.move_to(StatutCandidature.A_CONFIRMER, by=None, submitted_at=now, last_seen_at=now)
    _queue_on_request(candidature, "candidatures.confirmation", to=candidature.email)
    return candidature


@transaction.atomic
def resend_confirmation(*, candidature: Candidature) -> None:
    candidature = _lock(candidature.pk)
    if candidature.status != StatutCandidature.A_CONFIRMER or candidature.email_confirmed_at is not None:
        raise TransitionError(candidature.get_status_display(), StatutCandidature.A_CONFIRMER)
    _refuse_haste(candidature)
    _queue_on_request(candidature, "candidatures.confirmation", to=candidature.email)


@transaction.atomic
def correct_candidature(*, candidature: Candidature) -> Candidature:
    """Open again, as a draft, what was sent and not yet confirmed: a mistyped address, mostly."""
    candidature = _lock(candidature.pk)
    if candidature.compte_id is not None:
        raise TransitionError(candidature.get_status_display(), StatutCandidature.BROUILLON)
    if candidature.status != StatutCandidature.BROUILLON:
        candidature.move_to(StatutCandidature.BROUILLON, by=None, reason="corrigée avant confirmation")
    return candidature


@transaction.atomic
def send_resume_link(*, email: str) -> None:
    """Send the latest draft of an address a link to go on elsewhere. Says nothing when there is none."""
    drafts = Candidature.objects.filter(status=StatutCandidature.BROUILLON, email=email)
    latest = drafts.select_for_update(of=("self",)).order_by("-updated_at").first()
    if latest is None:
        return
    try:
        _refuse_haste(latest)
        _queue_on_request(latest, "candidatures.resume_link", to=email)
    except TooManyEmailsError:
        return  # The page must not tell a stranger that a draft exists.


@transaction.atomic
def resume_draft(*, token: str) -> Candidature:
    """Hand a draft over to the browser that opened the link; the previous one loses it."""
    jeton = consume_jeton(purpose=JetonPurpose.REPRENDRE_CANDIDATURE, token=token)
    candidature = _lock_for_link(jeton.objet_id)
    if candidature.status != StatutCandidature.BROUILLON or candidature.email != jeton.email:
        raise JetonError
    _write(candidature, {"draft_key": uuid.uuid4()})
    return candidature


def _refuse_haste(candidature: Candidature) -> None:
    if candidature.email_sent_at and timezone.now() - candidature.email_sent_at < EMAIL_INTERVAL:
        raise TooManyEmailsError(
            "Un message vient de partir. Attendez une minute avant d'en demander un autre, et regardez dans vos "
            "courriers indésirables."
        )


def _queue_on_request(candidature: Candidature, genre: str, *, to: str) -> None:
    """Queue a message a visitor asked for, within what an address that proved nothing may receive."""
    recent = Candidature.objects.filter(email=candidature.email, email_sent_at__gt=timezone.now() - ONE_DAY)
    sent_to_address = recent.aggregate(total=Sum("emails_sent"))["total"] or 0
    if sent_to_address >= EMAILS_PER_ADDRESS_A_DAY or candidature.emails_sent >= EMAILS_PER_CANDIDATURE:
        raise TooManyEmailsError(
            "Trop de messages ont déjà été demandés pour cette adresse. Réessayez demain, ou écrivez-nous."
        )
    Candidature.objects.filter(pk=candidature.pk).update(emails_sent=F("emails_sent") + 1, email_sent_at=timezone.now())
    number = candidature.emails_sent + 1
    queue_effet(genre, cle=f"{genre}:{candidature.pk}:{number}", destinataire=to, pk=candidature.pk)


# --- Confirmation ---------------------------------------------------------------------------------------


@transaction.atomic
def confirm_candidature(*, token: str) -> Candidature:
    """Attach a candidature to the account of its address, proved by the link. Active, or waiting for the
    legal representative of a minor."""
    jeton = consume_jeton(purpose=JetonPurpose.CONFIRMER_CANDIDATURE, token=token)
    candidature = _lock_for_link(jeton.objet_id)
    # A link sent to an address corrected since proves nothing about the new one.
    if candidature.status != StatutCandidature.A_CONFIRMER or candidature.email != jeton.email:
        raise JetonError
    if Candidature.objects.living().filter(email=candidature.email).exists():
        raise CandidatureExistsError
    compte, _ = get_or_create_compte(email=candidature.email, prenom=candidature.prenom, nom=candidature.nom)
    grant_role(compte=compte, kind=RoleKind.CANDIDAT)
    now = timezone.now()
    proof = {"compte": compte, "email_confirmed_at": now, "last_seen_at": now}
    if candidature.is_minor:
        _write(candidature, proof)
        queue_effet(
            "candidatures.consent_request",
            cle=f"candidatures.consent_request:{candidature.pk}",
            destinataire=candidature.representant_email,
            pk=candidature.pk,
        )
    else:
        _activate(candidature, by=compte, reason="adresse e-mail confirmée", **proof)
    return candidature


def _activate(candidature: Candidature, *, by: Compte | None, reason: str, **values: Any) -> None:
    """Make a candidature active. Of several of one address, the database lets one through."""
    try:
        with transaction.atomic():
            candidature.move_to(StatutCandidature.ACTIVE, by=by, reason=reason, **values)
    except IntegrityError as error:
        if "candidature_une_par_email" in str(error):
            raise CandidatureExistsError from error
        raise
    candidature_opened.send(sender=Candidature, candidature=candidature)


@transaction.atomic
def resend_consent_request(*, candidature: Candidature, by: Role) -> None:
    candidature = _lock(candidature.pk)
    if not candidature.waits_for_representant:
        raise TransitionError(candidature.get_status_display(), StatutCandidature.ACTIVE)
    _refuse_haste(candidature)
    _queue_on_request(candidature, "candidatures.consent_request", to=candidature.representant_email)
    record(by=by, verbe="candidature.consent_request", objet=candidature)


@transaction.atomic
def consent_representant(*, token: str) -> Candidature:
    """Record the agreement of a minor's representative: structures may now see the candidature."""
    jeton = consume_jeton(purpose=JetonPurpose.CONSENTIR_REPRESENTANT, token=token)
    candidature = _lock_for_link(jeton.objet_id)
    if not candidature.waits_for_representant or candidature.representant_email != jeton.email:
        raise JetonError
    _activate(candidature, by=None, reason="accord du représentant légal", representant_at=timezone.now())
    queue_effet(
        "candidatures.consent_given",
        cle=f"candidatures.consent_given:{candidature.pk}",
        destinataire=candidature.email,
        pk=candidature.pk,
    )
    return candidature


@transaction.atomic
def refuse_representant(*, token: str) -> Candidature:
    """Record the refusal of a minor's representative: the candidature ends, and both are told."""
    jeton = consume_jeton(purpose=JetonPurpose.CONSENTIR_REPRESENTANT, token=token)
    candidature = _lock_for_link(jeton.objet_id)
    if not candidature.waits_for_representant or candidature.representant_email != jeton.email:
        raise JetonError
    motif = MotifRetrait.REPRESENTANT
    candidature.move_to(StatutCandidature.RETIREE, by=None, reason=motif.label, motif_retrait=motif)
    _remove_cv(candidature, by=None, reason="candidature retirée")
    candidature_closed.send(sender=Candidature, candidature=candidature)
    told = {
        "candidatures.consent_refused": candidature.email,
        "candidatures.refusal_noted": candidature.representant_email,
    }
    for genre, email in told.items():
        queue_effet(genre, cle=f"{genre}:{candidature.pk}", destinataire=email, pk=candidature.pk)
    return candidature


@transaction.atomic
def activate_adult(*, candidature: Candidature) -> bool:
    """Activate the candidature of someone who came of age while waiting; the representative is forgotten."""
    candidature = _lock(candidature.pk)
    if not candidature.waits_for_representant or candidature.is_minor:
        return False
    forgotten = {"representant_prenom": "", "representant_nom": "", "representant_email": ""}
    _activate(candidature, by=None, reason="majorité atteinte", **forgotten)
    return True


# --- Life of a candidature ------------------------------------------------------------------------------


def _alive() -> dict[str, Any]:
    return {"last_seen_at": timezone.now(), "reminded_at": None}


@transaction.atomic
def update_candidature(
    *,
    candidature: Candidature,
    etape: Etape,
    values: Mapping[str, Any],
    by: Role,
    before: Candidature | None = None,
    experience: Mapping[str, Any] | None = None,
    remove: int | None = None,
) -> Candidature:
    """Change one step of a candidature already sent. The proved address is not one of its values."""
    candidature = _lock(candidature.pk)
    if candidature.status not in STATUTS_MODIFIABLES:
        raise TransitionError(candidature.get_status_display(), candidature.status)
    _refuse_stale(candidature, before, values)
    changed = {name: value for name, value in values.items() if getattr(candidature, name) != value}
    if etape == Etape.REPRESENTANT and changed and not candidature.waits_for_representant:
        raise RuleError("Votre représentant légal a déjà donné son accord : il ne peut plus être changé.")
    _write(candidature, {**changed, **_alive()})
    if "representant_email" in changed:
        _queue_on_request(candidature, "candidatures.consent_request", to=candidature.representant_email)
    fields = [*changed, *_change_experiences(candidature, experience, remove)]
    if fields:
        record(by=by, verbe="candidature.update", objet=candidature, champs=sorted(fields))
    if candidature.status == StatutCandidature.ACTIVE and MATCHED_FIELDS.intersection(fields):
        candidature_changed.send(sender=Candidature, candidature=candidature)
    return candidature


@transaction.atomic
def renew_candidature(*, candidature: Candidature, by: Role) -> None:
    """Take note that the person is still there."""
    candidature = _lock(candidature.pk)
    if candidature.status not in STATUTS_MODIFIABLES:
        raise TransitionError(candidature.get_status_display(), candidature.status)
    _write(candidature, _alive())
    candidature.cvs.kept().update(renewed_at=timezone.now())
    record(by=by, verbe="candidature.renew", objet=candidature)


@transaction.atomic
def pause_candidature(*, candidature: Candidature, by: Role, reason: str = "") -> Candidature:
    """Stop proposing a candidature until its owner comes back."""
    candidature = _lock(candidature.pk)
    candidature.move_to(StatutCandidature.EN_PAUSE, by=by.compte, reason=reason, **_alive())
    candidature_closed.send(sender=Candidature, candidature=candidature)
    return candidature


@transaction.atomic
def resume_candidature(*, candidature: Candidature, by: Role) -> Candidature:
    """End a pause. A recruited person does not come back this way."""
    candidature = _lock(candidature.pk)
    if candidature.status != StatutCandidature.EN_PAUSE:
        raise TransitionError(candidature.get_status_display(), StatutCandidature.ACTIVE)
    candidature.move_to(StatutCandidature.ACTIVE, by=by.compte, **_alive())
    candidature_opened.send(sender=Candidature, candidature=candidature)
    return candidature


@transaction.atomic
def withdraw_candidature(*, candidature: Candidature, motif: MotifRetrait, by: Role, reason: str = "") -> Candidature:
    """End a candidature for good; the person may write another."""
    candidature = _lock(candidature.pk)
    sentence = reason or MotifRetrait(motif).label
    candidature.move_to(
        StatutCandidature.RETIREE, by=by.compte, reason=sentence, motif_retrait=motif, last_seen_at=timezone.now()
    )
    _remove_cv(candidature, by=by, reason="candidature retirée")
    candidature_closed.send(sender=Candidature, candidature=candidature)
    queue_effet(
        "candidatures.withdrawn",
        cle=f"candidatures.withdrawn:{candidature.pk}",
        destinataire=candidature.email,
        pk=candidature.pk,
    )
    return candidature


@transaction.atomic
def recruit_candidature(*, candidature: Candidature, by: Role | None) -> Candidature:
    """Close a candidature because a contract is validated: of several employers, one succeeds."""
    candidature = _lock(candidature.pk)
    candidature.move_to(StatutCandidature.RECRUTEE, by=by.compte if by else None, last_seen_at=timezone.now())
    return candidature


# --- The CV ---------------------------------------------------------------------------------------------


@transaction.atomic
def deposit_cv(*, candidature: Candidature, fichier: File, by: Role) -> CV:
    """Put a file in quarantine, in the place of the previous one, and have it checked."""
    candidature = _lock(candidature.pk)
    if candidature.status not in STATUTS_MODIFIABLES:
        raise TransitionError(candidature.get_status_display(), candidature.status)
    _remove_cv(candidature, by=by, reason="remplacé")
    cv = CV(candidature=candidature, taille=fichier.size)
    cv.depot.save(f"{cv.reference}.pdf", fichier, save=False)
    cv.save()
    _write(candidature, _alive())
    record(by=by, verbe="candidature.deposit_cv", objet=cv)
    _queue_check(cv, f"candidatures.check_cv:{cv.pk}")
    return cv


def _queue_check(cv: CV, cle: str) -> None:
    queue_effet("candidatures.check_cv", cle=cle, cv=cv.pk)


def _remove_cv(candidature: Candidature, *, by: Role | None, reason: str) -> bool:
    """Make the CV unreadable at once; its files go after the commit."""
    cv = CV.objects.kept().select_for_update().filter(candidature=candidature).first()
    if cv is None:
        return False
    cv.move_to(StatutCV.SUPPRIME, by=by.compte if by else None, reason=reason)
    discard_files(cv)
    return True


@transaction.atomic
def remove_cv(*, candidature: Candidature, by: Role) -> None:
    if not _remove_cv(_lock(candidature.pk), by=by, reason="à la demande de la personne"):
        raise CvUnavailableError


@transaction.atomic
def erase_cv(*, candidature: Candidature) -> bool:
    """Remove a CV because its owner's account is erased."""
    return _remove_cv(candidature, by=None, reason="à l'effacement du compte")


@transaction.atomic
def renew_cv(*, candidature: Candidature, by: Role) -> None:
    """Keep the CV six more months."""
    cv = CV.objects.kept().select_for_update().filter(candidature=candidature).first()
    if cv is None:
        raise CvUnavailableError
    cv.renewed_at = timezone.now()
    cv.save(update_fields=["renewed_at", "updated_at"])
    record(by=by, verbe="candidature.renew_cv", objet=cv)


@transaction.atomic
def open_cv(*, candidature: Candidature, by: Role, **details: Any) -> File:
    """Open the CV for someone who may read it, and write down who and when. Raises CvUnavailableError.

    Who may is the caller's question: the person, or a structure once `matching` unveils them to each other.
    `details` goes to the journal: through what it was reached.
    """
    own = by.kind in OWN_DATA_ROLES and candidature.compte_id == by.compte_id
    rows = CV.objects.readable() if own else CV.objects.shareable()
    cv = rows.filter(candidature=candidature).first()
    if cv is None:
        raise CvUnavailableError
    try:
        file: File = cv.fichier.open("rb")
    except FileNotFoundError as error:  # Removed by its owner at this very moment.
        raise CvUnavailableError from error
    record(by=by, verbe=READ_CV, objet=cv, **details)
    return file


# --- What time does -------------------------------------------------------------------------------------


@transaction.atomic
def remind_candidature(*, candidature: Candidature) -> None:
    """Warn, once for each silence, that the candidature is about to expire."""
    candidature = _lock(candidature.pk)
    if candidature.reminded_at is not None or candidature.last_seen_at is None:
        return
    silence = candidature.last_seen_at
    _write(candidature, {"reminded_at": timezone.now()})
    queue_effet(
        "candidatures.reminder",
        cle=f"candidatures.reminder:{candidature.pk}:{silence:%Y%m%d%H%M%S}",
        destinataire=candidature.email,
        pk=candidature.pk,
    )


@transaction.atomic
def expire_candidature(*, candidature: Candidature) -> None:
    """End a candidature nobody looks after any more. One never confirmed ends without a word to the address."""
    candidature = _lock(candidature.pk)
    confirmed = candidature.email_confirmed_at is not None
    if confirmed and candidature.reminded_at is None:
        return  # The person came back since the list was read.
    reason = "douze mois sans nouvelles" if confirmed else "adresse jamais confirmée"
    candidature.move_to(StatutCandidature.EXPIREE, by=None, reason=reason)
    _remove_cv(candidature, by=None, reason="candidature expirée")
    candidature_closed.send(sender=Candidature, candidature=candidature)
    if confirmed:
        queue_effet(
            "candidatures.expired",
            cle=f"candidatures.expired:{candidature.pk}",
            destinataire=candidature.email,
            pk=candidature.pk,
        )


@transaction.atomic
def delete_abandoned_drafts() -> int:
    rows = Candidature.objects.abandoned_drafts().select_for_update(skip_locked=True)
    return _delete(list(rows.values_list("pk", flat=True)))


@transaction.atomic
def delete_old_cvs(*, dry_run: bool = True) -> int:
    """Erase the CVs nobody asked to keep for six months, tell their owners, and say how many; or only say it."""
    rows = CV.objects.outdated().select_related("candidature")
    if dry_run:
        return rows.count()
    # Deleted row by row, under the lock of each candidature: its owner may be renewing it.
    deleted = 0
    for candidature_id in rows.values_list("candidature", flat=True):
        candidature = _lock(candidature_id)
        if not CV.objects.outdated().filter(candidature=candidature).exists():
            continue
        deleted += _remove_cv(candidature, by=None, reason="six mois sans renouvellement")
        queue_effet(
            "candidatures.cv_deleted",
            cle=f"candidatures.cv_deleted:{candidature.pk}:{timezone.now():%Y%m%d}",
            destinataire=candidature.email,
            pk=candidature.pk,
        )
    return deleted


@transaction.atomic
def check_waiting_cvs() -> int:
    """Ask again for the checks that gave up, once an hour at most."""
    rows = list(CV.objects.waiting_too_long())
    for cv in rows:
        _queue_check(cv, f"candidatures.check_cv:{cv.pk}:{timezone.now():%Y%m%d%H}")
    return len(rows)


def delete_orphan_cv_files() -> int:
    """Delete the files of deposits cut short: written, and named by no row."""
    storage = default_storage
    limit, deleted = timezone.now() - CV_ORPHAN_AFTER, 0
    for column, folder in CV_FOLDERS.items():
        names = [folder + name for name in storage.listdir(folder)[1]] if storage.exists(folder) else []
        known = set(CV.objects.exclude(**{column: ""}).values_list(column, flat=True))
        for name in names:
            if name not in known and storage.get_modified_time(name) < limit:
                storage.delete(name)
                deleted += 1
    return deleted
