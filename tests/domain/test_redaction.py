"""Taking out of a text what could tell whose it is."""

import pytest

from mobilize.domain.redaction import redacted


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call me 0691234567", "call me [number]"),
        ("+355 69 123 4567 is mine", "[number] is mine"),
        ("069-123-4567", "[number]"),
        ("(069) 123 4567 ok", "[number] ok"),
        ("plate 123456", "plate [number]"),
        ("A1 20", "A1 20"),
        ("yes 13:45", "yes 13:45"),
        ("24.12.2026", "[number]"),
        ("1 20 then 2", "1 20 then 2"),
        ("10-15 min", "10-15 min"),
    ],
)
def test_numbers(text: str, left: str) -> None:
    assert redacted(text, []) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("K7Q2M9XWPT4N 1 20", "[code] 1 20"),
        ("see https://m.example.org/c/K7Q2M9XWPT4N please", "see [code] please"),
        ("+355691234567 unfortunately", "[number] unfortunately"),
        ("disponibilit", "disponibilit"),
    ],
)
def test_codes_of_links(text: str, left: str) -> None:
    assert redacted(text, []) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ana hoxha here, 1", "[name] [name] here, 1"),
        ("ANA: yes", "[name]: yes"),
        ("it's Ána", "it's [name]"),
        ("banana", "banana"),
        ("A 1", "A 1"),
    ],
)
def test_names(text: str, left: str) -> None:
    assert redacted(text, ["Ana", "Hoxha", "A"]) == left


def test_a_name_of_several_words_and_in_another_script() -> None:
    assert redacted("Ja sam Đorđe iz Niša", ["Đorđe", "de la Cruz"]) == "Ja sam [name] iz Niša"
    assert redacted("Αννα: ναι", ["Άννα"]) == "[name]: ναι"
