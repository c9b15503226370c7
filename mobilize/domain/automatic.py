"""Recognises texts that a phone or a server wrote by itself: the driving mode, an absence notice, a bounce.

They say nothing about whether somebody comes, though they often begin like an answer ("I'm driving …").
The phrases are whole stock phrases, so that what a person would write is not taken for a machine's.
"""

import re

from .understanding.letters import fold

#: Stock phrases by language, written as `folded` leaves them: lower case, no accents, no punctuation.
PHRASES: tuple[str, ...] = (
    # English; the first lines are what iOS and Android send while driving.
    "im driving with do not disturb",
    "im driving with driving focus",
    "do not disturb while driving",
    "ill see your message when i get where im going",
    "im currently driving and will",
    "im driving right now and",
    "im not receiving notifications if this is urgent",
    "sent automatically",
    "automatic reply",
    "automated reply",
    "auto reply",
    "autoreply",
    "auto response",
    "automated response",
    "automated message",
    "automatic message",
    "out of office",
    "out of the office",
    "this mailbox is not monitored",
    "this number is not monitored",
    "this number does not accept",
    "do not reply to this message",
    "please do not reply to this",
    "message could not be delivered",
    "your message has been received and",
    # Italian
    "risposta automatica",
    "messaggio automatico",
    "sto guidando con la funzione",
    "non disturbare alla guida",
    "sono alla guida leggero il messaggio",
    "fuori ufficio",
    "non rispondere a questo messaggio",
    # Albanian
    "pergjigje automatike",
    "mesazh automatik",
    "jashte zyre",
    "mos iu pergjigj ketij mesazhi",
    # French
    "reponse automatique",
    "message automatique",
    "je suis au volant avec",
    "ne pas deranger en voiture",
    "absent du bureau",
    "absente du bureau",
    "ne pas repondre a ce message",
    # German
    "automatische antwort",
    "automatische nachricht",
    "automatisch erstellt",
    "automatisch generiert",
    "abwesenheitsnotiz",
    "nicht storen beim fahren",
    "ich fahre gerade auto und",
    "bitte antworten sie nicht auf diese",
    # Spanish
    "respuesta automatica",
    "mensaje automatico",
    "no molestar al conducir",
    "estoy conduciendo con la funcion",
    "fuera de la oficina",
    "no responda a este mensaje",
    # Portuguese, Dutch, Polish, Romanian
    "resposta automatica",
    "mensagem automatica",
    "fora do escritorio",
    "automatisch antwoord",
    "automatisch bericht",
    "afwezigheidsbericht",
    "niet storen tijdens het rijden",
    "automatyczna odpowiedz",
    "odpowiedz automatyczna",
    "wiadomosc automatyczna",
    "poza biurem",
    "raspuns automat",
    "mesaj automat",
    # Serbian, Croatian, Bosnian; Greek, Turkish
    "automatski odgovor",
    "automatska poruka",
    "аутоматски одговор",
    "αυτοματη απαντηση",
    "αυτοματο μηνυμα",
    "otomatik yanit",
    "otomatik mesaj",
    "ofis disinda",
    # Ukrainian, Russian, Arabic
    "автоматична відповідь",
    "автовідповідь",
    "автоматическии ответ",
    "автоответ",
    "رد تلقائي",
    "رد الي",
)

_NOT_WORDS = re.compile(r"[^\w]+")


def is_automatic(text: str) -> bool:
    """Whether a stock phrase of machines stands in the text."""
    words = f" {folded(text)} "
    return any(f" {phrase} " in words for phrase in _FOLDED)


def folded(text: str) -> str:
    """Lower case, without accents, apostrophes and punctuation, single spaces."""
    return _NOT_WORDS.sub(" ", fold(text).replace("'", "")).strip()


_FOLDED = tuple(folded(phrase) for phrase in PHRASES)
