import base64
import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from common.exceptions import RuleError
from common.fields import normalize_email
from comptes.constants import APPELS_KEPT, JETON_API_SHOWN, JETONS_API_MAX, PREFIXE
from comptes.enums import INVITED_KINDS, SCOPES_BY_ROLE, JetonPurpose, RoleKind, ScopeApi
from comptes.exceptions import JetonError
from comptes.jetons import mint_jeton  # noqa: F401  # Re-exported: the other apps find every service here.
from comptes.models import AppelApi, Compte, EntreeJournal, Invitation, Jeton, JetonApi, Role, hash_token
from comptes.signals import invitation_accepted, invitation_prepared
from notifications.models import Consultation, Effet
from notifications.services import lift_refusal, queue_effet, send_again
from territoires.models import Departement, Region

logger = logging.getLogger(__name__)


def find_jeton(*, purpose: JetonPurpose, token: str) -> Jeton | None:
    """Look at a token without using it: what a GET may do, mail scanners included."""
    return Jeton.objects.usable().filter(purpose=purpose, digest=hash_token(token)).first()


@transaction.atomic
def consume_jeton(*, purpose: JetonPurpose, token: str) -> Jeton:
    """Use a token, and with it every other one of the same purpose and object. Raises JetonError."""
    jetons = Jeton.objects.usable().select_for_update()
    jeton = jetons.filter(purpose=purpose, digest=hash_token(token)).first()
    if jeton is None:
        raise JetonError
    jetons.filter(purpose=purpose, objet_id=jeton.objet_id).update(used_at=timezone.now())
    return jeton


def get_or_create_compte(*, email: str, prenom: str = "", nom: str = "") -> tuple[Compte, bool]:
    """Return the account of an address its owner has just proved, creating it without a password."""
    return Compte.objects.get_or_create(
        email=normalize_email(email), defaults={"prenom": prenom, "nom": nom, "password": "!"}
    )


def grant_role(
    *,
    compte: Compte,
    kind: RoleKind,
    departement: Departement | None = None,
    region: Region | None = None,
    reseau: str = "",
) -> Role:
    """Give a role once; giving it again returns the same row."""
    role, _ = Role.objects.get_or_create(
        compte=compte, kind=kind, departement=departement, region=region, reseau=reseau, ended_at=None
    )
    return role


def end_role(*, compte: Compte, kind: RoleKind) -> None:
    Role.objects.active().filter(compte=compte, kind=kind).update(ended_at=timezone.now())


@transaction.atomic
def withdraw_role(*, role: Role, by: Role) -> None:
    """Take one role back from an account, from now on."""
    if role.compte_id == by.compte_id:
        raise RuleError("On ne se retire pas un rôle à soi-même : demandez à un collègue.")
    if not Role.objects.active().filter(pk=role.pk).update(ended_at=timezone.now()):
        raise RuleError("Ce rôle est déjà retiré.")
    record(by=by, verbe="retirer le rôle", objet=role, kind=role.kind)


@transaction.atomic
def set_compte_active(*, compte: Compte, active: bool, by: Role) -> None:
    """Close an account, sessions included, or open it again."""
    if compte.pk == by.compte_id:
        raise RuleError("On ne désactive pas son propre compte : demandez à un collègue.")
    Compte.objects.filter(pk=compte.pk).update(is_active=active, updated_at=timezone.now())
    record(by=by, verbe="réactiver le compte" if active else "désactiver le compte", objet=compte)


def record(*, by: Role | None, verbe: str, objet: models.Model, **details: Any) -> None:
    """Write one line of the audit journal. `details` holds no personal data."""
    EntreeJournal.objects.create(
        compte_id=by.compte_id if by else None,
        role=by.kind if by else "",
        verbe=verbe,
        objet=f"{objet._meta.label}:{objet.pk}",
        details=details,
    )


@transaction.atomic
def send_message_again(*, effet: Effet, by: Role) -> None:
    """Send again, in the name of support, a message that failed."""
    send_again(effet=effet)
    record(by=by, verbe="renvoyer un message", objet=effet)


@transaction.atomic
def believe_address(*, consultation: Consultation, by: Role) -> None:
    """Believe again in the address someone of support is looking at, which was marked as refused."""
    lift_refusal(adresse=consultation.adresse)
    record(by=by, verbe="reprendre les envois à une adresse", objet=consultation)


@transaction.atomic
def invite(
    *,
    email: str,
    kind: RoleKind,
    by: Role,
    departement: Departement | None = None,
    region: Region | None = None,
    reseau: str = "",
    objet_id: int | None = None,
) -> Invitation:
    """Invite someone to a role. They receive a link that works once, for seven days.

    Who may invite to what is the caller's question: ANCT to anything, a member to their own structure.
    """
    if kind not in INVITED_KINDS:
        raise RuleError("Ce rôle s'obtient par une candidature, pas par une invitation.", field="kind")
    invitation = Invitation(
        email=normalize_email(email),
        kind=kind,
        departement=departement,
        region=region,
        reseau=reseau,
        objet_id=objet_id,
        invited_by=by.compte,
    )
    invitation_prepared.send(sender=Invitation, invitation=invitation)
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as error:
        if "invitation_une_en_attente" in str(error):
            raise RuleError("Une invitation est déjà en attente pour cette adresse.", field="email") from error
        raise RuleError("Le périmètre ne correspond pas à ce rôle.", field="kind") from error
    record(by=by, verbe="inviter", objet=invitation, role=kind)
    queue_effet(
        "comptes.invitation",
        cle=f"comptes.invitation:{invitation.pk}",
        destinataire=invitation.email,
        invitation_id=invitation.pk,
    )
    return invitation


@transaction.atomic
def cancel_invitation(*, invitation: Invitation, by: Role) -> None:
    """Take an invitation back: its link stops working at once."""
    if not Invitation.objects.pending().filter(pk=invitation.pk).update(cancelled_at=timezone.now()):
        raise RuleError("Cette invitation a déjà été acceptée ou annulée.")
    Jeton.objects.usable().filter(purpose=JetonPurpose.INVITATION, objet_id=invitation.pk).update(
        used_at=timezone.now()
    )
    record(by=by, verbe="annuler l'invitation", objet=invitation)


@transaction.atomic
def accept_invitation(*, token: str, prenom: str, nom: str, password: str = "") -> Compte:
    """Use the link: the account exists, has the role, and belongs where it was invited. Raises JetonError.

    The password only serves an account that has none: a link received by e-mail never replaces one.
    """
    jeton = consume_jeton(purpose=JetonPurpose.INVITATION, token=token)
    invitation = Invitation.objects.pending().select_for_update(of=("self",)).filter(pk=jeton.objet_id).first()
    if invitation is None:
        raise JetonError
    compte, _ = get_or_create_compte(email=invitation.email)
    compte.prenom = compte.prenom or prenom
    compte.nom = compte.nom or nom
    if password and not compte.has_usable_password():
        compte.set_password(password)
    compte.save()
    role = grant_role(
        compte=compte,
        kind=RoleKind(invitation.kind),
        departement=invitation.departement,
        region=invitation.region,
        reseau=invitation.reseau,
    )
    invitation.accepted_at = timezone.now()
    invitation.accepted_by = compte
    invitation.save(update_fields=["accepted_at", "accepted_by", "updated_at"])
    invitation_accepted.send(sender=Invitation, invitation=invitation, compte=compte)
    record(by=role, verbe="accepter l'invitation", objet=invitation)
    return compte


@transaction.atomic
def create_jeton_api(
    *, nom: str, scopes: Iterable[ScopeApi], lifetime: timedelta, graine: str, by: Role
) -> tuple[JetonApi, str]:
    """Create a token for the role that asks, and return it in clear: nothing here can give it again.

    `graine` is the random seed of the form that was filled: a form sent twice gives the same token, shown again for a
    few minutes only. With our key it makes 256 bits nobody guesses, and it is kept nowhere.
    """
    Compte.objects.select_for_update().get(pk=by.compte_id)
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(SCOPES_BY_ROLE.get(RoleKind(by.kind), ())):
        raise RuleError("Votre rôle ne permet pas ce droit.", field="scopes")
    token = _jeton_api(by, graine)
    recent = timezone.now() - JETON_API_SHOWN
    made = JetonApi.objects.filter(digest=hash_token(token)).first()
    if made is not None:
        if made.created_at < recent or made.revoked_at or made.last_used_on:
            raise RuleError("Ce jeton est déjà créé, et il n'est montré qu'une fois. Rechargez la page pour un autre.")
        return made, token
    if JetonApi.objects.usable().filter(role__compte=by.compte_id).count() >= JETONS_API_MAX:
        raise RuleError(f"Vous avez déjà {JETONS_API_MAX} jetons, le maximum : révoquez-en un d'abord.")
    jeton = JetonApi.objects.create(
        role=by,
        nom=nom,
        prefixe=token[: len(PREFIXE) + 8],
        digest=hash_token(token),
        scopes=wanted,
        expires_at=timezone.now() + lifetime,
    )
    record(by=by, verbe="créer un jeton d'API", objet=jeton, scopes=wanted)
    queue_effet(
        "comptes.jeton_api_cree",
        cle=f"comptes.jeton_api_cree:{jeton.pk}",
        destinataire=by.compte.email,
        jeton_id=jeton.pk,
    )
    return jeton, token


def _jeton_api(role: Role, graine: str) -> str:
    secret = salted_hmac("comptes.jeton_api", f"{role.pk}:{graine}", algorithm="sha256").digest()
    return PREFIXE + base64.urlsafe_b64encode(secret).decode().rstrip("=")


@transaction.atomic
def revoke_jeton_api(*, jeton: JetonApi, by: Role) -> None:
    """Close a token at once: its next call is refused."""
    if not JetonApi.objects.filter(pk=jeton.pk, revoked_at=None).update(revoked_at=timezone.now()):
        raise RuleError("Ce jeton est déjà révoqué.")
    record(by=by, verbe="révoquer un jeton d'API", objet=jeton)


def find_jeton_api(token: str) -> JetonApi | None:
    """Return the live token this text is, with its role and account as they are now."""
    jetons = JetonApi.objects.usable().select_related("role__compte", "role__departement", "role__region")
    return jetons.filter(digest=hash_token(token)).first()


def count_appel(*, cles: Iterable[str], seconds: int) -> tuple[dict[str, int], int]:
    """Count one call for each of these keys in the current window; return the counts, and the seconds left in it.

    A counter that is away counts nothing: callers go on, and the log says it. Keys are given in one order by all
    callers (address, then token), so that two calls never wait for each other.
    """
    now = int(time.time())
    window, left = now // seconds, seconds - now % seconds
    rows = [(cle, window) for cle in cles]
    values = ", ".join(["(%s, %s, 1)"] * len(rows))
    sql = f"""
        INSERT INTO comptes_appelapi AS a (cle, fenetre, nombre) VALUES {values}
        ON CONFLICT (cle) DO UPDATE SET
            nombre = CASE WHEN a.fenetre = EXCLUDED.fenetre THEN a.nombre + 1 ELSE 1 END, fenetre = EXCLUDED.fenetre
        RETURNING cle, nombre
    """  # noqa: S608  # Only placeholders are interpolated.
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [value for row in rows for value in row])
            return dict(cursor.fetchall()), left
    except DatabaseError as error:
        logger.warning("API limits away: %s", type(error).__name__)
        return {}, left


def forget_appels(*, seconds: int) -> int:
    """Forget those who have not called for a day."""
    oldest = (int(time.time()) - int(APPELS_KEPT.total_seconds())) // seconds
    return AppelApi.objects.filter(fenetre__lt=oldest).delete()[0]


def warn_of_expiring_jetons(*, within: timedelta) -> int:
    """Queue a warning for each token about to expire; one already warned of is left as it is."""
    soon = JetonApi.objects.usable().filter(expires_at__lte=timezone.now() + within).select_related("role__compte")
    with transaction.atomic():
        for jeton in soon:
            queue_effet(
                "comptes.jeton_api_expire",
                cle=f"comptes.jeton_api_expire:{jeton.pk}",
                destinataire=jeton.role.compte.email,
                jeton_id=jeton.pk,
            )
    return len(soon)


def delete_old_jetons(*, dry_run: bool) -> int:
    """Delete the tokens, of the API and of e-mails, that ended twelve months ago; `dry_run` only counts them."""
    found = [JetonApi.objects.outdated(), Jeton.objects.outdated()]
    return sum(rows.count() if dry_run else rows.delete()[0] for rows in found)
