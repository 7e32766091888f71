"""What is added up, once for all readers: the columns of the roll-ups and how each is counted from raw rows.

Every figure here is additive: the figure of two sets of rows is the sum of their figures. Expressions read a raw row
named `a`. Distinct persons do not add up and are not here: anonymous participants are participations.
"""

from collections.abc import Iterable

from accompagnements.enums import (
    AGES,
    GENRES,
    STATUTS,
    Autonomie,
    Canal,
    Dispositif,
    Materiel,
    NiveauAtelier,
    Orientation,
    Suite,
    TypeAccompagnement,
    TypePublic,
)

MESURES = {"accompagnements": "count(*)", "participations": "sum(a.participants)", "minutes": "sum(a.duree)"}

# Bounds in minutes: from the first, up to the second excluded.
DUREES = {
    "duree_0_30": ("Moins de 30 minutes", 0, 30),
    "duree_30_60": ("De 30 minutes à 1 heure", 30, 60),
    "duree_60_120": ("De 1 à 2 heures", 60, 120),
    "duree_120_plus": ("2 heures et plus", 120, 100_000),
}


def _measured(column: str, values: Iterable[str]) -> dict[str, str]:
    """Three measures for each value of a column."""
    return {
        f"{column}_{value}_{name}": f"{expression} FILTER (WHERE a.{column} = '{value}')"
        for value in values
        for name, expression in MESURES.items()
    }


def _counted(column: str, values: Iterable[str]) -> dict[str, str]:
    return {f"{column}_{value}": f"count(*) FILTER (WHERE a.{column} = '{value}')" for value in values if value}


# Column → how it is counted. Only our own enumerations are interpolated.
INDICATEURS: dict[str, str] = {
    **MESURES,
    "recurrents": "sum(a.recurrents)",
    **_measured("type", TypeAccompagnement.values),
    **_measured("canal", Canal.values),
    **{
        name: f"count(*) FILTER (WHERE a.duree >= {low} AND a.duree < {high})"
        for name, (_, low, high) in DUREES.items()
    },
    **{column: f"sum(a.{column})" for column in (*GENRES, *AGES, *STATUTS)},
    **_counted("type_public", TypePublic.values),
    **_counted("suite", Suite.values),
    **_counted("orientation", Orientation.values),
    **{f"materiel_{value}": f"count(*) FILTER (WHERE '{value}' = ANY(a.materiel))" for value in Materiel.values},
    **{f"dispositif_{value}": f"count(*) FILTER (WHERE '{value}' = ANY(a.dispositifs))" for value in Dispositif.values},
    **_counted("autonomie", Autonomie.values),
    **_counted("niveau", NiveauAtelier.values),
}
COLONNES = ", ".join(INDICATEURS)
# A roll-up keeps a zero as NULL: most cells of most rows are zeros, and a NULL takes a bit instead of four bytes.
COMPTES = ", ".join(f"NULLIF({expression}, 0)::integer AS {name}" for name, expression in INDICATEURS.items())
# One array: sixty columns take the driver as long as their figures take the server.
SOMMES = f"ARRAY[{', '.join(f'sum({name})' for name in INDICATEURS)}]"
# Series whose keys are not known in advance: one array for the keys, one for each measure, in the same order.
THEMES = [f"theme_{name}" for name in ("cles", *MESURES)]
JOURS = [f"jour_{name}" for name in ("cles", *MESURES)]


def unnested(columns: list[str]) -> str:
    """Return what gives a series back as rows: `cle` and its measures.

    In the list of what is selected, arrays advance together and nothing is stored; joined as one function of several
    arrays, each row fills a table of its own, at ten times the price.
    """
    return ", ".join(f"unnest({column}) AS {name}" for column, name in zip(columns, ("cle", *MESURES), strict=True))


# The département of a row named `a`, without joining its commune: an INSEE code begins with it.
DEPARTEMENT = "left(a.commune_id, CASE WHEN left(a.commune_id, 2) IN ('97', '98') THEN 3 ELSE 2 END)"

# What the counting of a raw row reads.
LUES = [
    "date", "type", "canal", "duree", "participants", "recurrents", *GENRES, *AGES, *STATUTS, "themes", "type_public",
    "materiel", "autonomie", "niveau", "suite", "orientation", "dispositifs",
]  # fmt: skip


def _series(name: str, cle: str, key: str, columns: list[str]) -> str:
    """Return the CTE of a series: the figures of each of its keys, folded into four arrays in the order of keys."""
    keys, *measures = columns
    folded = ", ".join(
        f"array_agg({measure}::integer ORDER BY cle) AS {column}"
        for measure, column in zip(MESURES, measures, strict=True)
    )
    measured = ", ".join(f"{expression} AS {measure}" for measure, expression in MESURES.items())
    return f"""{name} AS (
        SELECT {key}, array_agg(cle::smallint ORDER BY cle) AS {keys}, {folded}
        FROM (
            SELECT {key}, cle, {measured}
            FROM (SELECT {key}, {cle} AS cle, participants, duree FROM lignes) a GROUP BY {key}, cle
        ) b GROUP BY {key}
    )"""  # noqa: S608  # Names of ours.


def count_rows(lignes: str, key: str, *, by_day: bool) -> str:
    """Return the statement that counts raw rows by key: what a roll-up holds, from what it is made of.

    `lignes` selects the columns of the key and those of `LUES`.
    """
    series = [_series("par_theme", "unnest(themes)", key, THEMES)]
    if by_day:
        series.append(_series("par_jour", "extract(day FROM date)", key, JOURS))
    joins = " ".join(f"JOIN {name} USING ({key})" for name in ("par_theme", "par_jour")[: len(series)])
    columns = ", ".join([COLONNES, *THEMES, *(JOURS if by_day else [])])
    return f"""
        WITH lignes AS MATERIALIZED ({lignes}), {", ".join(series)},
        comptes AS (SELECT {key}, {COMPTES} FROM lignes a GROUP BY {key})
        SELECT {key}, {columns} FROM comptes {joins}
    """  # noqa: S608  # Names of ours, and rows selected by a statement of ours.
