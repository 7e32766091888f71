from typing import Any

from candidatures.models import Candidature
from comptes.models import Compte

# Machinery, not data about the person.
INTERNAL = {"id", "draft_key", "position", "latitude", "longitude", "compte", "emails_sent", "email_sent_at"}


def export_candidatures(compte: Compte) -> dict[str, Any]:
    """Return all we hold about the candidatures of an account, for the person. Columns come by introspection, so
    that one added later is not forgotten."""
    rows = (
        Candidature.objects.filter(compte=compte)
        .select_related("commune")
        .prefetch_related("transitions", "cvs", "experiences")
    )
    return {
        "compte": {"email": compte.email, "prenom": compte.prenom, "nom": compte.nom},
        "candidatures": [_export(candidature) for candidature in rows.order_by("pk")],
    }


def _export(candidature: Candidature) -> dict[str, Any]:
    fields = [field for field in Candidature._meta.concrete_fields if field.name not in INTERNAL]
    data: dict[str, Any] = {field.name: getattr(candidature, field.attname) for field in fields}
    return data | {
        "experiences": [
            {"poste": row.poste, "employeur": row.employeur, "mois": row.mois} for row in candidature.experiences.all()
        ],
        "cv": [
            {"depose_le": cv.created_at, "statut": cv.status, "garde_jusqu_au": cv.kept_until, "taille": cv.taille}
            for cv in candidature.cvs.all()
        ],
        "commune_nom": candidature.commune.nom if candidature.commune else "",
        "historique": [
            {"le": move.at, "de": move.from_status, "vers": move.to_status, "motif": move.reason}
            for move in candidature.transitions.all()
        ],
    }
