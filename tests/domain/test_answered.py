"""What answers add up to."""

from datetime import UTC, datetime, timedelta

import pytest

from mobilize.domain.answered import Answer, stand
from mobilize.domain.vocabulary import Intent, RecipientState

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
A, L, D, E, O, G = (  # noqa: E741
    Intent.ACCEPT, Intent.LIMITED, Intent.DECLINE, Intent.EN_ROUTE, Intent.ON_SCENE, Intent.LEFT,
)  # fmt: skip


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def given(*intents: Intent) -> list[Answer]:
    """One answer a minute."""
    return [Answer(intent, at(minute)) for minute, intent in enumerate(intents)]


@pytest.mark.parametrize(
    ("intents", "state"),
    [
        ([], RecipientState.ASKED),
        ([A], RecipientState.ACCEPTED),
        ([L], RecipientState.LIMITED),
        ([D], RecipientState.DECLINED),
        ([L, A], RecipientState.ACCEPTED),
        ([A, L], RecipientState.LIMITED),
        ([A, D], RecipientState.WITHDRAWN),
        ([A, D, D], RecipientState.WITHDRAWN),
        ([A, D, A], RecipientState.ACCEPTED),
        ([A, E, O], RecipientState.ARRIVED),
        ([O, A], RecipientState.ARRIVED),
        ([A, O, G], RecipientState.WITHDRAWN),
        ([Intent.UNCLEAR, Intent.HELP], RecipientState.ASKED),
    ],
)
def test_the_last_word_counts(intents: list[Intent], state: RecipientState) -> None:
    assert stand(given(*intents)).state is state


def test_the_moments_are_those_of_the_answers() -> None:
    found = stand([Answer(A, at(0), eta_minutes=20), Answer(E, at(5)), Answer(O, at(18)), Answer(G, at(90))])
    moments = (found.answered_at, found.eta_at, found.en_route_at, found.arrived_at, found.left_at)
    assert moments == (at(0), at(20), at(5), at(18), at(90))


def test_who_declined_answered_then() -> None:
    assert stand(given(L, D)).answered_at == at(1)
