"""Texts that phones and servers write by themselves."""

import pytest

from mobilize.domain.automatic import is_automatic


@pytest.mark.parametrize(
    "text",
    [
        "I’m driving with Do Not Disturb While Driving turned on. I’ll see your message when I get where I’m "
        "going.",
        "(I’m not receiving notifications. If this is urgent, reply “urgent” to send a notification.)",
        "AUTO-REPLY: I am out of the office until 3 Dec.",
        "Automatic reply: yes, I am on holiday",
        "Risposta automatica: sono fuori ufficio",
        "Réponse  automatique : je suis absent du bureau jusqu'au 3",
        "Abwesenheitsnotiz: Ich bin ab dem 3.12. wieder da",
        "Respuesta automática.",
        "ΑΥΤΟΜΑΤΗ ΑΠΑΝΤΗΣΗ",
        "Автоматический ответ: я за рулём",
        "Автоматична відповідь",
        "رد تلقائي",
    ],
)
def test_a_machine_is_recognised(text: str) -> None:
    assert is_automatic(text)


@pytest.mark.parametrize(
    "text",
    [
        "I'm driving, there in 20",
        "driving right now",
        "I'm out of town, can't come",
        "1",
        "auto kaputt, komme nicht",
        "Ich fahre gerade los",
        "sto guidando, arrivo tra 20 min",
        "ok automatico",
        "",
    ],
)
def test_a_person_is_not_taken_for_one(text: str) -> None:
    assert not is_automatic(text)
