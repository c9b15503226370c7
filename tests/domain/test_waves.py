"""How many are asked now."""

from mobilize.domain.vocabulary import CalloutMode
from mobilize.domain.waves import NeedProgress, next_wave

MEDIC, DRIVER = 1, 2


def test_a_phased_wave_asks_several_for_each_open_place() -> None:
    decision = next_wave(
        CalloutMode.PHASED, [NeedProgress(MEDIC, 8, 5), NeedProgress(DRIVER, 2, 0)], factor=2.5, silent=9
    )
    assert decision is not None
    assert decision.wanted == {MEDIC: 8, DRIVER: 5}


def test_what_is_filled_is_not_asked_for() -> None:
    decision = next_wave(
        CalloutMode.PHASED, [NeedProgress(MEDIC, 8, 8), NeedProgress(DRIVER, 1, 0)], factor=3, silent=0
    )
    assert decision is not None
    assert decision.wanted == {DRIVER: 3}


def test_when_all_is_filled_nobody_is_asked() -> None:
    for mode in CalloutMode:
        assert next_wave(mode, [NeedProgress(MEDIC, 2, 3)], factor=3, silent=0) is None


def test_everyone_has_no_limit() -> None:
    decision = next_wave(CalloutMode.EVERYONE, [NeedProgress(MEDIC, 2, 0)], factor=3, silent=0)
    assert decision is not None
    assert decision.wanted == {MEDIC: None}


def test_one_by_one_waits_for_the_silent() -> None:
    needs = [NeedProgress(MEDIC, 2, 0)]
    assert next_wave(CalloutMode.ONE_BY_ONE, needs, factor=3, silent=1) is None
    decision = next_wave(CalloutMode.ONE_BY_ONE, needs, factor=3, silent=0)
    assert decision is not None
    assert decision.wanted == {MEDIC: 1}
