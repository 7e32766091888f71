"""What charts print: numbers as French does, none over its neighbour."""

from common.charts import bar_chart, column_chart, line_chart


def test_numbers_have_their_spaces():
    assert bar_chart("x", "X", [("A", 2141)]).bars[0].value == "2\u202f141"
    assert "la plus haute : A, 16\u202f495." in line_chart("x", "X", ["A"], [16_495]).description


def test_values_wider_than_their_column_are_one_in_two():
    def shown(value):
        return [bar.shows_value for bar in column_chart("x", "X", [("A", value)] * 12).bars]

    assert shown(999) == [True] * 12
    assert shown(1000) == [True, False] * 6
