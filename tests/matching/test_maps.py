"""The map beside the table: everyone at their commune, no letter over another, nothing beyond the frame."""

from hypothesis import given, settings, strategies as st

from matching.maps import LETTER, RINGS_KM, SIZE, Place, draw, reach_km

TOWNS = [("Nantes", 0.0, 0.0), ("Rezé", -1.4, -3.0), ("Saint-Sébastien-sur-Loire", 4.0, -1.0), ("Clisson", 20.0, -24.0)]


def place(nom, east=0.0, north=0.0, is_near=True, people=("Inès",)):
    return Place(nom, (east**2 + north**2) ** 0.5, list(people), east, north, is_near)


def paint(*places, towns=()):
    return draw(places, x=0, y=0, reach=reach_km(places), towns=towns)


def test_the_smallest_circle_that_holds_everyone():
    assert reach_km([]) == 5
    assert reach_km([place("A", 5)]) == 5
    assert reach_km([place("A", 5.1)]) == 10
    assert reach_km([place("A", 99), place("Paris", 342)]) == 100
    assert reach_km([place("Saint-Denis", 3, is_near=False)]) == 5


def test_north_is_up_and_east_to_the_right():
    picture = paint(place("Nord", 0, 10), place("Est", 10, 0))
    by_name = {marker.places[0].nom: marker for marker in picture.markers}
    assert by_name["Nord"].y < SIZE / 2 == by_name["Nord"].x
    assert by_name["Est"].x > SIZE / 2 == by_name["Est"].y
    assert [ring.label for ring in picture.rings] == ["5 km", "10 km"]


def test_who_is_too_far_or_beyond_a_sea_is_named_beside_the_map():
    far, island, near = place("Paris", 300, 180), place("Le Palais", 40, -20, is_near=False), place("Rezé", -1, -3)
    picture = paint(far, island, near)
    assert picture.beyond == [far, island]
    assert [marker.label for marker in picture.markers] == ["A : Rezé, 3 km : Inès"]


def test_neighbours_share_a_letter_that_names_them_all():
    picture = paint(place("Rezé", 0.2, 0.2, people=["Inès", "Oumar"]), place("Bouguenais", 0.4, 0.3), place("Z", 90))
    assert picture.letters == {"Rezé": "A", "Bouguenais": "A", "Z": "B"}
    assert picture.markers[0].label == "A : Rezé, moins de 1 km : Inès, Oumar ; Bouguenais, moins de 1 km : Inès"


def test_names_of_towns_cover_neither_each_other_nor_a_letter():
    picture = paint(place("Rezé", -1.4, -3.0), place("Loin", 0, 40), towns=TOWNS)
    # Nantes is under the structure, Rezé and the next one under letters or each other.
    assert [town.nom for town in picture.towns] == ["Clisson"]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(-150, 150), st.floats(-150, 150), st.booleans()), max_size=20))
def test_any_page_of_people_fits_the_frame(places):
    places = [place(f"C{n}", east, north, near) for n, (east, north, near) in enumerate(places)]
    picture = paint(*places, towns=TOWNS)
    shown = [p for marker in picture.markers for p in marker.places]
    assert len(shown) + len(picture.beyond) == len(places)
    assert all(p.is_near and p.distance_km <= RINGS_KM[-1] for p in shown)
    half = LETTER / 2
    for n, marker in enumerate(picture.markers):
        assert half <= marker.x <= SIZE - half
        assert half <= marker.y <= SIZE - half
        for other in picture.markers[:n]:
            assert abs(marker.x - other.x) >= LETTER or abs(marker.y - other.y) >= LETTER
