"""What the lieux of the demo are: where, when, for what; some closed for a while, some that move, some entered twice.

Draws from a chance of its own: the rest of the demo stays as it was.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import time, timedelta
from math import cos, radians

from accompagnements.enums_lieux import AccesLieu, ModaliteLieu, PriseEnCharge, PublicLieu, ServiceLieu
from accompagnements.models import ExceptionHoraires, LieuActivite, Passage
from contrats.models import Conseiller
from pilotage.demo.names import de
from pilotage.demo.world import World, ascii_key

HORAIRES = (
    "Mo-Fr 09:00-12:30,14:00-17:30; PH off",
    "Mo-Fr 08:30-12:00,13:30-17:00; PH off",
    "Mo,We 09:00-12:00,14:00-18:00; Fr 09:00-12:00; PH off",
    "Tu 14:00-18:00; We 10:00-12:30,14:00-18:00; Th,Fr 14:00-18:00; Sa 10:00-17:00; PH off",
    "Tu-Sa 10:00-12:00,14:00-18:30; PH off",
    "Mo 14:00-17:00; Th 09:00-12:00; PH off",
    # Every second Tuesday of the month: only the syntax says it.
    "Tu[2] 09:00-12:00; Tu[4] 09:00-12:00; PH off",
)
PRESENTATIONS = (
    "Un conseiller vous accueille seul ou en petit groupe, à votre rythme. Ordinateurs et tablettes sur place.",
    "Venez avec votre téléphone ou votre ordinateur : nous avançons ensemble, sans jugement.",
    "Aide aux démarches en ligne, prise en main du matériel, ateliers tous les mois.",
)
MOTIFS = ("congés", "travaux", "inventaire", "formation de l'équipe")
STOPS = ("place du Marché", "parking de la salle des fêtes", "devant la mairie", "place de l'Église")
SHARE_PLACED = 0.75
SHARE_CLOSED = 0.2
BUSES = 6
DUPLICATES = 8
ByOwner = dict[int, list[LieuActivite]]


class Describer:
    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = random.Random(f"{world.seed}-lieux")  # noqa: S311  # A demo must be the same each time.

    def describe(self, lieux: Iterable[LieuActivite], sirets: dict[tuple[str, str], str]) -> None:
        """Fill what is not saved yet. `sirets`: those of the employers who lend their building."""
        for lieu in lieux:
            rng, commune = self.rng, lieu.commune
            lieu.siret = sirets.get((lieu.nom, commune.code), "")
            lieu.horaires = rng.choice(HORAIRES)
            lieu.acces = rng.choices(AccesLieu.values, [70, 24, 6])[0]
            lieu.services = self._some(ServiceLieu.values, least=2, most=6)
            lieu.modalites = self._some([ModaliteLieu.INDIVIDUEL, ModaliteLieu.ATELIER, ModaliteLieu.AUTONOMIE], 1, 3)
            lieu.publics = self._some(PublicLieu.values, 1, 2) if rng.random() < 0.1 else []
            lieu.prises_en_charge = self._some(PriseEnCharge.values, 1, 2) if rng.random() < 0.15 else []
            lieu.presentation = rng.choice(PRESENTATIONS) if rng.random() < 0.6 else ""
            if commune.zone == "metropole" and rng.random() < 0.8:
                lieu.telephone = f"+33{rng.choice('123456')}99{rng.randrange(10**6):06d}"
            lieu.courriel = f"numerique@{ascii_key(commune.nom)}.example" if rng.random() < 0.5 else ""
            lieu.prise_rdv = "https://rdv.example/" if lieu.acces == AccesLieu.RENDEZ_VOUS else ""
            if rng.random() < SHARE_PLACED:
                km_north, km_east = rng.uniform(-1.2, 1.2), rng.uniform(-1.2, 1.2)
                lieu.latitude = round(commune.latitude + km_north / 111.2, 5)
                lieu.longitude = round(commune.longitude + km_east / (111.2 * cos(radians(commune.latitude))), 5)

    def _some(self, values: list[str], least: int, most: int) -> list[str]:
        chosen = set(self.rng.sample(values, self.rng.randint(least, most)))
        return [value for value in values if value in chosen]

    def enter_twice(self, by_owner: ByOwner) -> list[LieuActivite]:
        """Have a colleague describe again, in other words, a place they share: what support will merge."""
        owners: dict[int, list[int]] = defaultdict(list)
        lieux: dict[int, LieuActivite] = {}
        for owner, own in by_owner.items():
            for lieu in own:
                owners[id(lieu)].append(owner)
                lieux[id(lieu)] = lieu
        shared = [key for key, some in owners.items() if len(some) > 1]
        again = []
        for key in shared[: self.world.count(DUPLICATES)]:
            lieu, owner = lieux[key], owners[key][-1]
            twin = LieuActivite(
                nom=f"{lieu.nom} (permanence)",
                adresse=lieu.adresse.replace("rue", "r."),
                commune=lieu.commune,
                horaires="",
                created_at=lieu.created_at,
            )
            by_owner[owner] = [twin if one is lieu else one for one in by_owner[owner]]
            again.append(twin)
        return again

    def close_some(self, lieux: list[LieuActivite]) -> None:
        """Closed for a week or two to come, or open at other hours one day."""
        rows = []
        for lieu in lieux:
            if not lieu.horaires or self.rng.random() > SHARE_CLOSED:
                continue
            du = self.world.day + timedelta(days=self.rng.randint(0, 40))
            if self.rng.random() < 0.75:
                au = du + timedelta(days=self.rng.choice([0, 1, 6, 11]))
                rows.append(ExceptionHoraires(lieu=lieu, du=du, au=au, motif=self.rng.choice(MOTIFS)))
            else:
                rows.append(
                    ExceptionHoraires(lieu=lieu, du=du, au=du, creneaux="10:00-12:00", motif="horaires réduits")
                )
        ExceptionHoraires.objects.bulk_create(rows)

    def start_buses(self, conseillers: list[Conseiller], favourite: Conseiller | None) -> None:
        """A bus for some conseillers, the demo's among them: it stops in another commune each week day."""
        drivers = self.rng.sample(conseillers, min(self.world.count(BUSES), len(conseillers)))
        if favourite is not None:
            drivers = [favourite, *(one for one in drivers if one.pk != favourite.pk)]
        passages = []
        for conseiller in drivers:
            commune = conseiller.contrat.structure.commune
            bus = LieuActivite.objects.create(
                nom=f"Bus numérique {de(commune.nom)}", adresse="1 place de la Mairie", commune=commune, itinerant=True,
                services=[ServiceLieu.DEMARCHES, ServiceLieu.QUOTIDIEN], modalites=[ModaliteLieu.INDIVIDUEL],
                presentation="Le numérique vient à vous : deux postes, une connexion, un conseiller.",
                created_at=conseiller.created_at,
            )  # fmt: skip
            bus.conseillers.add(conseiller)
            around = sorted(
                self.world.communes[commune.departement_id],
                key=lambda other, here=commune: ((other.x - here.x) ** 2 + (other.y - here.y) ** 2, other.code),  # type: ignore[misc]
            )[:6]
            for week in range(5):
                stop = around[week % len(around)]
                monday = self.world.day - timedelta(days=self.world.day.weekday()) + timedelta(weeks=week)
                for weekday, debut, fin in ((1, time(10), time(12)), (3, time(14), time(17))):
                    day = monday + timedelta(days=weekday)
                    passages.append(
                        Passage(lieu=bus, commune=stop, adresse=self.rng.choice(STOPS), date=day, debut=debut, fin=fin)
                    )
        Passage.objects.bulk_create(passages)
