"""A section's own wordings: inherited, scoped, audited, and in the texts at once."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event, insert

from mobilize.domain.errors import InvalidInput, NotAllowed, NotFound
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import AuditEntry, Message, Recipient, Section, Wording
from mobilize.services import callouts, texts, wordings
from mobilize.services.access import SYSTEM, viewer_of
from tests.conftest import START
from tests.world import World

CALL = "{section} needs you: {event}, by {arrive_by}. {answers}"
DECLINED = "{section}: a pity. Changed your mind? {code}1"


@pytest.fixture
def country(world: World) -> Section:
    return world.section("al")


@pytest.fixture
def town(world: World, country: Section) -> Section:
    return world.section("dr", parent=country)


def test_a_text_is_the_standard_one_until_a_section_words_its_own(country: Section) -> None:
    before = wordings.one(SYSTEM, country.id, "en", "callout")
    assert (before.own, before.inherited, before.in_force) == (None, None, before.standard)
    after = wordings.save(SYSTEM, country.id, "en", "callout", f" {CALL} ")
    assert (after.own, after.in_force) == (CALL, CALL)
    assert after.example.body.startswith("AL needs you: transport accident, Train")


def test_a_section_inherits_from_the_nearest_above(world: World, country: Section, town: Section) -> None:
    quarter = world.section("q", parent=town)
    wordings.save(SYSTEM, country.id, "en", "callout", CALL)
    assert wordings.own(quarter, "en")["callout"] == CALL
    wordings.save(SYSTEM, town.id, "en", "callout", "{section}! " + CALL)
    found = wordings.one(SYSTEM, quarter.id, "en", "callout")
    assert (found.own, found.inherited_from) == (None, "Section DR")
    assert wordings.own(country, "en")["callout"] == CALL
    wordings.remove(SYSTEM, town.id, "en", "callout")
    assert wordings.own(quarter, "en")["callout"] == CALL
    assert wordings.own(quarter, "it") == {}


def test_a_language_has_its_own_sentences(country: Section) -> None:
    wordings.save(SYSTEM, country.id, "it", "acknowledgement.declined", DECLINED)
    assert wordings.own(country, "it-IT") == {"acknowledgement.declined": DECLINED}
    assert wordings.own(country, "en") == {}


def test_saving_again_replaces_and_removing_ends_it(country: Section) -> None:
    for text in (CALL, "{section}! " + CALL):
        wordings.save(SYSTEM, country.id, "en", "callout", text)
    assert db.session.query(Wording).one().text == "{section}! " + CALL
    wordings.remove(SYSTEM, country.id, "en", "callout")
    wordings.remove(SYSTEM, country.id, "en", "callout")
    assert db.session.query(Wording).count() == 0


def test_every_change_is_in_the_audit_trail(world: World, country: Section) -> None:
    viewer = viewer_of(world.account())
    wordings.save(viewer, country.id, "en", "callout", CALL)
    wordings.remove(viewer, country.id, "en", "callout")
    saved, removed = db.session.query(AuditEntry).order_by(AuditEntry.id)
    about = {"language": "en", "name": "callout", "text": CALL}
    assert (saved.action, saved.before, saved.after) == ("wording.save", None, about)
    assert (removed.action, removed.before, removed.after) == ("wording.remove", about, None)
    assert (saved.subject, saved.subject_id, saved.account_id) == ("section", country.id, viewer.account_id)


def test_a_sentence_that_would_not_do_is_not_kept(country: Section) -> None:
    with pytest.raises(InvalidInput):
        wordings.save(SYSTEM, country.id, "en", "callout", "Come!")
    assert db.session.query(Wording).count() == 0


@pytest.mark.parametrize(("language", "name"), [("xx", "callout"), ("en", "callout.x"), ("en", "hazards")])
def test_what_there_is_not_cannot_be_worded(country: Section, language: str, name: str) -> None:
    with pytest.raises(NotFound):
        wordings.save(SYSTEM, country.id, language, name, CALL)


def test_only_coordinators_of_the_section_or_above_may_word(
    world: World, country: Section, town: Section
) -> None:
    below = viewer_of(world.account(section=town))
    wordings.save(viewer_of(world.account(section=country)), town.id, "en", "callout", CALL)
    wordings.save(below, town.id, "en", "callout", CALL)
    with pytest.raises(NotFound):
        wordings.save(below, country.id, "en", "callout", CALL)
    with pytest.raises(NotAllowed):
        wordings.listed(viewer_of(world.account(AccountRole.VOLUNTEER)), town.id, "en")


def test_call_outs_and_answers_are_worded_by_the_emergencys_section(
    world: World, country: Section, town: Section
) -> None:
    wordings.save(SYSTEM, country.id, "en", "callout", CALL)
    wordings.save(SYSTEM, country.id, "en", "acknowledgement.declined", DECLINED)
    wordings.save(SYSTEM, town.id, "en", "callout", "{section}! " + CALL)
    world.volunteer(section=town)
    callouts.launch(SYSTEM, world.callout(emergency=world.emergency(section=country)).id)
    assert db.session.query(Message).one().body.startswith("AL needs you: Durres earthquake, by")
    recipient = db.session.query(Recipient).one()
    assert texts.acknowledgement(recipient, recipient.callout, "declined").startswith("AL: a pity.")


def test_a_callouts_own_wording_prevails(world: World, country: Section) -> None:
    wordings.save(SYSTEM, country.id, "en", "callout", CALL)
    world.volunteer()
    callouts.launch(SYSTEM, world.callout(wording="Come! {answers}").id)
    assert db.session.query(Message).one().body.startswith("AL: Come! Reply 1 yes")


def test_notices_are_worded_by_the_persons_section(world: World, country: Section, town: Section) -> None:
    wordings.save(SYSTEM, town.id, "en", "notice.back", "{section}: welcome back")
    assert texts.notice(world.volunteer(section=town), "back") == "DR: welcome back"
    assert texts.notice(world.volunteer(section=country), "back") != "AL: welcome back"


def test_a_question_about_drills_alone_is_marked(world: World) -> None:
    ana = world.volunteer()
    callouts.launch(SYSTEM, world.callout(emergency=world.emergency(drill=True)).id)
    assert texts.question(ana, ["A"]).startswith("DRILL AL: sorry")
    callouts.launch(SYSTEM, world.callout(emergency=world.emergency()).id)
    assert texts.question(ana, ["A", "B"]).startswith("AL: which call?")


@pytest.fixture
def looked_up() -> Iterator[list[str]]:
    """The statements that read wordings."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM wording" in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_stand_down_of_many_reads_wordings_once(world: World, looked_up: list[str]) -> None:
    for _ in range(6):
        world.volunteer(language="it")
    callout = world.callout({"medic": 6})
    callouts.launch(SYSTEM, callout.id)
    looked_up.clear()
    db.session.query(Message).update({"state": "delivered"})
    callouts.stand_down(SYSTEM, callout.id)
    assert len(looked_up) == 1


def test_what_another_process_wrote_is_in_the_next_transaction(country: Section) -> None:
    section_id = country.id
    assert wordings.own(country, "en") == {}
    db.session.commit()
    with db.engine.begin() as other:
        row = {"section_id": section_id, "language": "en", "name": "callout", "text": CALL}
        other.execute(insert(Wording).values(changed_at=START, **row))
    assert wordings.own(country, "en") == {"callout": CALL}
