"""The small lists: skills, sections, authorities and their agreements."""

from datetime import date

import pytest

from mobilize.domain.errors import Conflict, InvalidInput, NotAllowed
from mobilize.domain.vocabulary import AccountRole
from mobilize.models import Agreement, Authority
from mobilize.services import authorities, sections, skills
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.authorities import AgreementDraft, AuthorityDraft, agreement_in_force
from mobilize.services.sections import SectionDraft
from mobilize.services.skills import SkillDraft
from tests.world import World


def test_a_skill_has_one_code(world: World) -> None:
    skills.create(SYSTEM, SkillDraft("medic", "Medic"))
    with pytest.raises(Conflict):
        skills.create(SYSTEM, SkillDraft("medic", "Doctor"))
    assert [skill.code for skill in skills.every(SYSTEM)] == ["medic"]


@pytest.mark.parametrize("code", ["", "Medic", "x" * 33, "a b", "7a"])
def test_a_code_is_plain(world: World, code: str) -> None:
    with pytest.raises(InvalidInput, match="code"):
        skills.create(SYSTEM, SkillDraft(code, "Medic"))


def test_only_admin_adds_them(world: World) -> None:
    coordinator = viewer_of(world.account(AccountRole.COORDINATOR))
    with pytest.raises(NotAllowed):
        skills.create(coordinator, SkillDraft("medic", "Medic"))
    with pytest.raises(NotAllowed):
        sections.create(coordinator, SectionDraft("it", "Italy", "IT", "IT"))
    with pytest.raises(NotAllowed):
        authorities.create(coordinator, AuthorityDraft("x", "X", "AL"))


def test_sections_are_a_tree_of_paths(world: World) -> None:
    albania = sections.create(SYSTEM, SectionDraft("al", "Albania", "AL", "al", "sq", "Europe/Tirane"))
    port = sections.create(SYSTEM, SectionDraft("al-dr", "Durres", "DR", "AL", parent_id=albania.id))
    assert port.path == f"{albania.path}{port.id}/"
    assert [section.code for section in sections.every(SYSTEM)] == ["al", "al-dr"]
    leader = viewer_of(world.account(AccountRole.COORDINATOR, section=port))
    assert [section.code for section in sections.every(leader)] == ["al-dr"]


def test_a_section_is_in_a_country(world: World) -> None:
    with pytest.raises(InvalidInput, match="country"):
        sections.create(SYSTEM, SectionDraft("xx", "X", "X", "XX"))


def test_an_agreement_holds_on_both_its_days() -> None:
    first = Agreement(reference="1", valid_from=date(2026, 1, 1), valid_until=date(2026, 6, 30))
    second = Agreement(reference="2", valid_from=date(2026, 6, 1), valid_until=None)
    authority = Authority(agreements=[first, second])
    assert agreement_in_force(authority, date(2025, 12, 31)) is None
    assert agreement_in_force(authority, date(2026, 1, 1)) is first
    assert agreement_in_force(authority, date(2026, 6, 30)) is second
    assert agreement_in_force(Authority(agreements=[first]), date(2026, 7, 1)) is None


def test_an_agreement_ends_after_it_begins(world: World) -> None:
    authority = authorities.create(SYSTEM, AuthorityDraft("al-civil", "Civil Protection", "AL"))
    with pytest.raises(InvalidInput, match="valid_until"):
        authorities.agree(SYSTEM, authority.id, AgreementDraft("MoU", date(2026, 2, 1), date(2026, 1, 1)))
    authorities.agree(SYSTEM, authority.id, AgreementDraft("MoU", date(2026, 1, 1)))
    assert [a.reference for a in authorities.every(SYSTEM)[0].agreements] == ["MoU"]
