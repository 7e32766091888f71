from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Max, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accompagnements.models import Accompagnement, Organisme, Theme
from comptes.models import Role
from contrats.enums import STATUTS_EN_POSTE, StatutContrat
from contrats.models import Conseiller, Contrat
from territoires.models import Commune

# How many of the last entries say which themes someone uses most, and how many themes are put first.
HABITS_READ = 60
FAVOURITES = 6


@dataclass(frozen=True)
class Periode:
    """The days of one contract. `fin` is None for a CDI that goes on."""

    debut: date
    fin: date | None

    def __contains__(self, day: date) -> bool:
        return self.debut <= day and (self.fin is None or day <= self.fin)

    def __str__(self) -> str:
        end = f" au {self.fin:%d/%m/%Y}" if self.fin else ""
        return f"du {self.debut:%d/%m/%Y}{end}" if end else f"depuis le {self.debut:%d/%m/%Y}"


def today_in(commune: Commune) -> date:
    return timezone.localdate(timezone=ZoneInfo(commune.fuseau))


def device_mark(role: Role) -> str:
    """Return what an entry kept on a device names its author by: nothing can be read from it, nobody else has it."""
    return salted_hmac("accompagnements.appareil", str(role.compte_id)).hexdigest()[:20]


def get_conseiller(role: Role) -> Conseiller | None:
    conseillers = Conseiller.objects.select_related("contrat__structure__commune__departement")
    return conseillers.filter(compte=role.compte_id).first()


def contract_periods(conseiller: Conseiller) -> list[Periode]:
    """Return the periods during which this person was, is or will be in post, oldest first.

    A broken contract ends the day its rupture was recorded.
    """
    contrats = (
        Contrat.objects.filter(candidature__compte=conseiller.compte_id)
        .filter(status__in=sorted(STATUTS_EN_POSTE | {StatutContrat.TERMINE, StatutContrat.ROMPU}))
        .annotate(rompu_at=Max("transitions__at", filter=Q(transitions__to_status=StatutContrat.ROMPU)))
        .select_related("structure__commune__departement")
        .order_by("date_debut")
    )
    periods = []
    for contrat in contrats:
        fin = contrat.date_fin
        if contrat.rompu_at is not None:
            rupture = timezone.localdate(contrat.rompu_at, timezone=ZoneInfo(contrat.structure.commune.fuseau))
            fin = min(fin or rupture, rupture)
        periods.append(Periode(contrat.date_debut, fin))
    return periods


@dataclass(frozen=True)
class Famille:
    nom: str
    themes: list[Theme]


def organismes_for_entry(day: date, kept: Organisme | None = None) -> list[Organisme]:
    """Return the organismes to choose from, and the one of the row being changed, even closed since."""
    return list(Organisme.objects.filter(Q(pk__in=Organisme.objects.valid_on(day)) | Q(pk=kept.pk if kept else 0)))


def themes_for_entry(conseiller: Conseiller, day: date, kept: Iterable[int] = ()) -> list[Famille]:
    """Return the themes to choose from: first the most used by this person, then by family.

    `kept`: themes already on the row being changed, shown even when they have been closed since.
    """
    themes = list(Theme.objects.filter(Q(pk__in=Theme.objects.valid_on(day)) | Q(pk__in=list(kept))))
    last = Accompagnement.objects.filter(conseiller=conseiller).order_by("-pk").values_list("themes", flat=True)
    uses = Counter(theme for themes_of_one in last[:HABITS_READ] for theme in themes_of_one)
    used = sorted((t for t in themes if uses[t.pk]), key=lambda t: (-uses[t.pk], t.ordre))
    familles = [Famille("Vos thèmes les plus fréquents", used[:FAVOURITES])] if used else []
    others: dict[str, list[Theme]] = {}
    for theme in themes:
        if theme not in used[:FAVOURITES]:
            others.setdefault(theme.famille, []).append(theme)
    return familles + [Famille(nom, group) for nom, group in others.items()]
