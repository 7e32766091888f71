from django.db import migrations

# Functions rather than queries: their plans are made once a connection, and planning was two thirds of the time.
# One plan for every parameter: the index of positions is the way in, whatever is asked, and « enable_sort = off » says
# so to a planner that doesn't know how few rows are wanted (a count where NOT EXISTS would do, too: an anti-join may
# lose the order). « LATERAL … OFFSET 0 » reads the commune of each row found by its key, never a hash of all communes.
# 99999 km is « France entière »; 1.01 covers the difference between a plane and the sphere.
CREATE_CANDIDATURES = """
CREATE FUNCTION cn_candidatures_proches(
    lieu text, au date, cle text, n bigint, hote bigint, plafond int, ouverts text[]
) RETURNS TABLE (id bigint, km float8, tie text, plan float8, compatible boolean)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
    ici territoires_commune;
BEGIN
    SELECT * INTO STRICT ici FROM territoires_commune WHERE code = lieu;
    -- Conditions on proposals would cost even when they do not apply.
    IF plafond IS NULL THEN
        RETURN QUERY {without_room};
    ELSE
        RETURN QUERY {with_room};
    END IF;
END $$
"""
NEAREST = """
        WITH proches AS MATERIALIZED (
            SELECT c.id, c.rayon_km, c.commune_id, c.reference, c.position <-> point(ici.x, ici.y) AS plan
            FROM candidatures_candidature c
            WHERE c.status = 'active'
                AND c.date_disponibilite <= au
                -- The planes of two oceans are farther apart than « France entière » itself.
                AND (c.rayon_km = 99999 OR c.position <-> point(ici.x, ici.y) <= c.rayon_km * 1.01::float8)
                {room}
            ORDER BY c.position <-> point(ici.x, ici.y)
            -- Those at the very same distance come together: the order of rows on disk never decides.
            FETCH FIRST n ROWS WITH TIES
        )
        SELECT p.id, l.km, md5(p.reference::text || cle), p.plan,
            p.rayon_km = 99999 OR (l.km <= p.rayon_km AND l.zone = ici.zone)
        FROM proches p, LATERAL (
            SELECT cn_distance_km(o.latitude, o.longitude, ici.latitude, ici.longitude) AS km, o.zone
            FROM territoires_commune o WHERE o.code = p.commune_id OFFSET 0
        ) l"""
CANDIDATURE_HAS_ROOM = """
                AND (
                    SELECT count(*) FROM matching_miseenrelation m
                    WHERE m.candidature_id = c.id AND m.structure_id = hote AND m.status <> 'annulee'
                ) = 0
                AND (
                    SELECT count(*) FROM matching_miseenrelation m
                    WHERE m.candidature_id = c.id AND m.status = ANY(ouverts)
                ) < plafond"""

CREATE_STRUCTURES = """
CREATE FUNCTION cn_structures_proches(
    lieu text, rayon int, disponible date, reference text, maintenant timestamptz,
    personne bigint, plafond int, ouverts text[]
) RETURNS TABLE (id bigint, km float8, tie text)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    ici territoires_commune;
    -- Available everywhere already: no place's clock to read.
    partout boolean := disponible <= (maintenant AT TIME ZONE '+12')::date;
BEGIN
    SELECT * INTO STRICT ici FROM territoires_commune WHERE code = lieu;
    -- A radius is a circle the index reads, « France entière » every structure: never an OR of both. Conditions on
    -- proposals would cost even when they do not apply.
    IF rayon = 99999 AND plafond IS NULL THEN
        RETURN QUERY {anywhere};
    ELSIF rayon = 99999 THEN
        RETURN QUERY {anywhere_with_room};
    ELSIF plafond IS NULL THEN
        RETURN QUERY {within};
    ELSE
        RETURN QUERY {within_with_room};
    END IF;
END $$
"""
STRUCTURES = """
        SELECT s.id, l.km, md5(reference || coalesce(s.siret, s.ridet))
        FROM structures_structure s, LATERAL (
            SELECT cn_distance_km(o.latitude, o.longitude, ici.latitude, ici.longitude) AS km, o.zone, o.departement_id
            FROM territoires_commune o WHERE o.code = s.commune_id OFFSET 0
        ) l
        WHERE {near} EXISTS (
                SELECT 1 FROM structures_poste p
                WHERE p.structure_id = s.id AND p.status = 'vacant' AND (
                    partout OR p.date_debut >= disponible OR (maintenant AT TIME ZONE (
                        SELECT d.fuseau FROM territoires_departement d WHERE d.code = l.departement_id
                    ))::date >= disponible
                )
            )
            {room}"""
STRUCTURE_HAS_ROOM = """
            AND NOT EXISTS (
                SELECT 1 FROM matching_miseenrelation m
                WHERE m.structure_id = s.id AND m.candidature_id = personne AND m.status <> 'annulee'
            )
            AND (
                SELECT count(*) FROM matching_miseenrelation m
                WHERE m.structure_id = s.id AND m.status = ANY(ouverts)
            ) < plafond * (
                SELECT count(*) FROM structures_poste p WHERE p.structure_id = s.id AND p.status = 'vacant'
            )"""
NEAR = """s.position <@ circle(point(ici.x, ici.y), rayon * 1.01::float8)
            AND l.km <= rayon AND l.zone = ici.zone AND """


class Migration(migrations.Migration):
    dependencies = [
        ("matching", "0002_premiers_poids"),
        ("candidatures", "0002_initial"),
        ("structures", "0001_initial"),
        ("territoires", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            CREATE_CANDIDATURES.format(
                without_room=NEAREST.format(room=""), with_room=NEAREST.format(room=CANDIDATURE_HAS_ROOM)
            ),
            "DROP FUNCTION cn_candidatures_proches(text, date, text, bigint, bigint, int, text[])",
        ),
        migrations.RunSQL(
            CREATE_STRUCTURES.format(
                anywhere=STRUCTURES.format(near="", room=""),
                anywhere_with_room=STRUCTURES.format(near="", room=STRUCTURE_HAS_ROOM),
                within=STRUCTURES.format(near=NEAR, room=""),
                within_with_room=STRUCTURES.format(near=NEAR, room=STRUCTURE_HAS_ROOM),
            ),
            "DROP FUNCTION cn_structures_proches(text, int, date, text, timestamptz, bigint, int, text[])",
        ),
    ]
