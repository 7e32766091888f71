from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.timezone import localtime

from candidatures.constants import SITUATIONS
from candidatures.enums import STATUTS_VIVANTS, Etape, Langue, MotifRetrait, SavoirEtre, StatutCandidature, StatutCV
from candidatures.models import CV, Candidature, Experience
from common.phones import display_phone
from comptes.enums import RoleKind
from comptes.models import EntreeJournal, Jeton, Role, hash_token

EMPTY = "Non renseigné"
READ_CV = "candidature.read_cv"
SITUATION_LABELS = {
    "demandeur_emploi": "À la recherche d'un emploi",
    "en_emploi": "En emploi",
    "en_formation": "En formation",
    "diplome_mediation": "Diplôme de la médiation numérique",
    "experience_mediation": "Expérience de la médiation numérique",
}


@dataclass(frozen=True)
class Section:
    """One step of the form, as the summary and the person's own page print it."""

    etape: Etape
    rows: list[tuple[str, str]]
    problem: str = ""


@dataclass(frozen=True)
class Jalon:
    """One line of the timeline. `when` is empty for what is still to come."""

    title: str
    detail: str = ""
    when: str = ""
    iso: str = ""
    current: bool = False


def current_candidature(role: Role) -> Candidature | None:
    """Return the candidature an account follows: the living one, else the last one it confirmed."""
    rows = Candidature.objects.filter(compte=role.compte_id).select_related("commune__departement")
    candidatures = sorted(rows, key=lambda row: (row.status in STATUTS_VIVANTS, row.pk))
    return candidatures[-1] if candidatures else None


def was_confirmed_by(token: str) -> bool:
    """Say whether a used link did its work: a double click is then a success."""
    jeton = Jeton.objects.filter(digest=hash_token(token), used_at__isnull=False).first()
    if jeton is None:
        return False
    return Candidature.objects.filter(pk=jeton.objet_id, email=jeton.email, compte__isnull=False).exists()


def day(value: date | None) -> str:
    return date_format(value, "j F Y") if value else ""


def summary(candidature: Candidature) -> list[Section]:
    """Print every answer, step by step, with what is missing."""
    problems = candidature.problems()
    return [Section(etape, _rows(candidature, etape), problems.get(etape, "")) for etape in candidature.etapes]


def _rows(candidature: Candidature, etape: Etape) -> list[tuple[str, str]]:
    match etape:
        case Etape.IDENTITE:
            rows = [
                ("Prénom", candidature.prenom),
                ("Nom", candidature.nom),
                ("Adresse e-mail", candidature.email),
                ("Téléphone", display_phone(candidature.telephone)),
                ("Date de naissance", day(candidature.date_naissance)),
            ]
        case Etape.REPRESENTANT:
            name = f"{candidature.representant_prenom} {candidature.representant_nom}".strip()
            rows = [("Représentant légal", name), ("Son adresse e-mail", candidature.representant_email)]
        case Etape.LIEU:
            commune = candidature.commune
            rayon = candidature.get_rayon_km_display() if candidature.rayon_km else ""
            rows = [("Commune", commune.libelle if commune else ""), ("Distance maximale", rayon)]
        case Etape.SITUATION:
            chosen = [SITUATION_LABELS[name] for name in SITUATIONS if getattr(candidature, name)]
            rows = [("Situation", ", ".join(chosen))]
            if candidature.diplome_mediation:
                rows.append(("Diplôme", candidature.diplome_nom))
            rows += [
                ("Titre professionnel REMN", "Oui" if candidature.titulaire_tp_remn else "Non"),
            ]
        case Etape.DISPONIBILITE:
            rows = [
                ("Disponible à partir du", day(candidature.date_disponibilite)),
                ("Motivation", candidature.motivation),
            ]
        case Etape.EXPERIENCE:
            profil = experience_profil(candidature, with_employer=True)
            rows = [
                ("Expériences", "\n".join(profil.experiences)),
                ("Compétences techniques", profil.competences),
                ("Langues", profil.langues),
                ("Score Pix", profil.pix),
                ("Qualités", "\n".join(profil.qualites)),
            ]
    return [(label, value or EMPTY) for label, value in rows]


@dataclass(frozen=True)
class ExperienceProfil:
    """What a person tells of their experience, as ready strings."""

    experiences: list[str]
    competences: str
    langues: str
    pix: str
    qualites: list[str]


def experience_profil(candidature: Candidature, *, with_employer: bool) -> ExperienceProfil:
    """Return what is shown of the optional step; to a structure, the employer's name only after its interest
    (DOMAINE §6). A list prefetches `experiences`."""
    qualites = [f"{SavoirEtre(name).label} : {note} sur 5" for name, note in candidature.auto_evaluation.items()]
    return ExperienceProfil(
        experiences=[describe_experience(row, with_employer=with_employer) for row in candidature.experiences.all()],
        competences=candidature.competences,
        langues=", ".join(Langue(name).label for name in candidature.langues),
        pix="" if candidature.niveau_pix is None else str(candidature.niveau_pix),
        qualites=qualites or [SavoirEtre(name).label for name in candidature.savoir_etre],
    )


def list_experiences(candidature: Candidature) -> list[tuple[int, str]]:
    """The experiences told so far, for the person: key and sentence."""
    return [(row.pk, describe_experience(row, with_employer=True)) for row in candidature.experiences.all()]


def describe_experience(experience: Experience, *, with_employer: bool) -> str:
    employeur = f", {experience.employeur}" if with_employer and experience.employeur else ""
    return f"{experience.poste}{employeur} ({duration_words(experience.mois)})"


def duration_words(mois: int) -> str:
    """27 → « 2 ans et 3 mois »."""
    years, months = divmod(mois, 12)
    parts = [f"{years} an{'s' if years > 1 else ''}"] if years else []
    return " et ".join([*parts, f"{months} mois"] if months else parts)


_S = StatutCandidature
# What the timeline says of a change of status; the others are told by the date they leave on the row.
MOVE_TITLES: dict[tuple[str, str], str] = {
    (_S.A_CONFIRMER, _S.ACTIVE): "Candidature active",
    (_S.EN_PAUSE, _S.ACTIVE): "Candidature reprise après une pause",
    (_S.RECRUTEE, _S.ACTIVE): "Candidature rouverte",
    (_S.ACTIVE, _S.EN_PAUSE): "Candidature mise en pause",
    **{(status, _S.RECRUTEE): "Recrutement validé" for status in (_S.ACTIVE, _S.EN_PAUSE)},
    **{(status, _S.RETIREE): "Candidature retirée" for status in (_S.A_CONFIRMER, _S.ACTIVE, _S.EN_PAUSE)},
    **{(status, _S.EXPIREE): "Candidature expirée" for status in (_S.A_CONFIRMER, _S.ACTIVE, _S.EN_PAUSE)},
}
# The design system's badge for each status.
BADGES = {
    StatutCandidature.BROUILLON: "info",
    StatutCandidature.A_CONFIRMER: "new",
    StatutCandidature.ACTIVE: "success",
    StatutCandidature.EN_PAUSE: "warning",
    StatutCandidature.RECRUTEE: "success",
    StatutCandidature.RETIREE: "info",
    StatutCandidature.EXPIREE: "error",
}
# The delays the programme promises (S2).
PROMISES = (
    ("Une structure vous choisit", "Les structures d'accueil ont un mois pour choisir leurs candidats."),
    ("Vous signez votre contrat", "Dans les 15 jours qui suivent le choix de la structure."),
    (
        "Vous partez en formation",
        "Votre structure vous libère pour la formation. Chaque semaine, vous passez un jour ouvré dans la structure.",
    ),
)
NEXT = {
    StatutCandidature.ACTIVE: (
        "Nous proposons votre candidature aux structures proches de chez vous qui ont un poste libre. Vous n'avez rien "
        "à faire : vous recevrez un e-mail dès qu'une structure s'intéresse à vous."
    ),
    StatutCandidature.EN_PAUSE: (
        "Votre candidature n'est plus proposée aux structures. Reprenez-la quand vous serez de nouveau disponible."
    ),
    StatutCandidature.RECRUTEE: "Votre contrat est validé. L'organisme de formation va vous contacter.",
    StatutCandidature.RETIREE: (
        "Vous avez retiré votre candidature. Vous pouvez en écrire une nouvelle quand vous voulez."
    ),
    StatutCandidature.EXPIREE: (
        "Sans nouvelles de vous pendant douze mois, votre candidature a pris fin. Vous pouvez en écrire une nouvelle."
    ),
    StatutCandidature.A_CONFIRMER: (
        "Votre adresse e-mail est confirmée. Nous avons demandé par e-mail l'accord de votre représentant légal : "
        "aucune structure ne voit votre candidature avant cet accord."
    ),
}


REFUSED_NEXT = (
    "Votre représentant légal n'a pas donné son accord : votre candidature a pris fin, et aucune structure ne l'a vue. "
    "Vous pouvez en écrire une nouvelle, avec son accord ou à partir de vos 18 ans."
)


def what_happens_next(candidature: Candidature) -> str:
    if candidature.motif_retrait == MotifRetrait.REPRESENTANT:
        return REFUSED_NEXT
    return NEXT.get(StatutCandidature(candidature.status), "")


def timeline(candidature: Candidature) -> list[Jalon]:
    """Tell what happened, with its dates, then what the programme promises."""
    past = [_event(title, at) for title, at in _events(candidature)]
    future = _future(candidature)
    if not past:
        return future
    return [*past[:-1], Jalon(**{**past[-1].__dict__, "current": True}), *future]


def _events(candidature: Candidature) -> list[tuple[str, datetime]]:
    """Proofs come from their columns, the rest from the history; a proof goes before the status it allows."""
    proofs = [
        ("Candidature envoyée", candidature.submitted_at),
        ("Adresse e-mail confirmée", candidature.email_confirmed_at),
        ("Accord de votre représentant légal", candidature.representant_at),
    ]
    moves = [
        (MOVE_TITLES[move.from_status, move.to_status], move.at)
        for move in candidature.transitions.all()
        if (move.from_status, move.to_status) in MOVE_TITLES
    ]
    # The sort is stable: of two events of one second, the proof stays first.
    return sorted(
        [(title, at) for title, at in proofs if at] + moves, key=lambda event: event[1].replace(microsecond=0)
    )


def _event(title: str, at: datetime) -> Jalon:
    return Jalon(title=title, when=date_format(localtime(at), "j F Y à H:i"), iso=at.isoformat())


def _future(candidature: Candidature) -> list[Jalon]:
    promises = [Jalon(title=title, detail=detail) for title, detail in PROMISES]
    match candidature.status:
        case StatutCandidature.A_CONFIRMER:
            return [Jalon(title="Accord de votre représentant légal", detail="Nous l'attendons."), *promises]
        case StatutCandidature.ACTIVE | StatutCandidature.EN_PAUSE:
            return promises
        case StatutCandidature.RECRUTEE:
            return promises[2:]
    return []


# --- The CV ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CvFacts:
    """What the page says of a CV."""

    status: str
    badge: str
    refusal: str
    readable: bool
    # No antivirus saw it: said wherever it can be opened.
    unscanned: bool
    kept_until: str
    readings: list[str]


CV_BADGES = {StatutCV.QUARANTAINE: "info", StatutCV.PROPRE: "success", StatutCV.REFUSE: "error"}


def describe_cv(candidature: Candidature) -> CvFacts | None:
    cv = CV.objects.kept().filter(candidature=candidature).first()
    if cv is None:
        return None
    readable = cv.status == StatutCV.PROPRE
    return CvFacts(
        status=cv.get_status_display(),
        badge=CV_BADGES[StatutCV(cv.status)],
        refusal=cv.motif_refus,
        readable=readable,
        unscanned=readable and cv.analyse_at is None,
        kept_until=day(localtime(cv.kept_until).date()),
        readings=_readings(cv),
    )


def _readings(cv: CV) -> list[str]:
    """When a structure opened the CV, last first: the person's own readings are no news to them."""
    rows = EntreeJournal.objects.filter(objet=f"{CV._meta.label}:{cv.pk}", verbe=READ_CV, role=RoleKind.STRUCTURE)
    return [date_format(localtime(row.at), "j F Y à H:i") for row in rows.order_by("-at")[:20]]


def shareable_cv(candidature: Candidature) -> CvFacts | None:
    """What a structure that may read the CV is told of it; nothing when there is none to read."""
    if not CV.objects.shareable().filter(candidature=candidature).exists():
        return None
    return describe_cv(candidature)


def with_cv(rows: QuerySet[Candidature]) -> QuerySet[Candidature]:
    """Say of each candidature whether a structure could read a CV (`has_cv`): for lists and filters."""
    return rows.annotate(has_cv=Exists(CV.objects.shareable().filter(candidature=OuterRef("pk"))))


def cv_file_name(candidature: Candidature) -> str:
    return f"cv-{slugify(f'{candidature.prenom} {candidature.nom}') or 'candidat'}.pdf"
