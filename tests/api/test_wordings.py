"""The interface of a section's wordings and of a callout's texts."""

from tests.world import World

from .conftest import Program, problems

DECLINED = "{section}: a pity. Changed your mind? {code}1"


def test_a_sentence_is_put_read_and_removed(coordinator: Program, world: World) -> None:
    section = f"/sections/{world.section().id}/wordings"
    one = f"{section}/en/acknowledgement.declined"
    saved = coordinator.put(one, {"text": DECLINED}).get_json()
    assert (saved["own"], saved["in_force"]) == (DECLINED, DECLINED)
    assert saved["example"]["segments"] == 1
    listed = coordinator.get(f"{section}?language=en").get_json()
    assert [text["name"] for text in listed if text["own"]] == ["acknowledgement.declined"]
    assert coordinator.delete(one).status_code == 204
    assert coordinator.get(one).get_json()["own"] is None


def test_a_bad_sentence_names_the_field_and_the_remedy(coordinator: Program, world: World) -> None:
    answer = coordinator.put(f"/sections/{world.section().id}/wordings/en/callout", {"text": "{nonsense}"})
    assert list(problems(answer)) == ["text"]
    assert "there are {section}" in problems(answer)["text"][0]


def test_another_sections_wordings_do_not_exist(coordinator: Program, world: World) -> None:
    other = world.section("it", country="IT")
    assert coordinator.get(f"/sections/{other.id}/wordings").status_code == 404
    assert coordinator.get(f"/sections/{world.section().id}/wordings?language=xx").status_code == 404


def test_a_callouts_texts_come_in_the_languages_of_its_people(coordinator: Program, world: World) -> None:
    world.volunteer(language="sq")
    world.volunteer(language="sq")
    world.volunteer(language="it")
    found = coordinator.get(f"/callouts/{world.callout().id}/texts").get_json()
    assert [(spoken["language"], spoken["people"]) for spoken in found["languages"]] == [("sq", 2), ("it", 1)]
    call = found["languages"][0]["usual"][0]
    assert call["name"] == "callout"
    assert "1 po, 2 jo" in call["plain"]["body"]
    assert "A1 po, A2 jo" in call["lettered"]["body"]
    assert call["plain"]["left"] == 160 - len(call["plain"]["body"])
