"""TwiML: what Twilio is told to say in a call, and to listen for.

The question goes with the request for the call, so that nothing has to be fetched when somebody picks
up; what follows a key is the answer to the webhook that brings it.
"""

from xml.sax.saxutils import escape, quoteattr

from mobilize.domain.calling import Turn
from mobilize.domain.speech import Speech

#: How long a call waits for a key after it was spoken; seconds.
_PATIENCE_S = 7
#: Asks Twilio to bring a key again after a failed connection or a 5xx. Somebody waits: not for long.
_REPEAT = "#rc=2&rp=5xx,ct"


def ask(speech: Speech, public_url: str, call_id: int, turn: Turn) -> str:
    """Speak, and bring the key that is pressed, or that none was, to the webhook. A key stops the speech."""
    action = f"{public_url}/hooks/twilio/voice?call={call_id}&turn={turn.number}&wrong={turn.wrong}{_REPEAT}"
    # Without a finishing key, "#" is a key like any other.
    return (
        f'<Response><Gather numDigits="1" timeout="{_PATIENCE_S}" finishOnKey="" actionOnEmptyResult="true" '
        f'method="POST" action={quoteattr(action)}>{_say(speech)}</Gather></Response>'
    )


def tell(speech: Speech) -> str:
    """Speak, and hang up."""
    return f"<Response>{_say(speech)}<Hangup/></Response>"


def hang_up() -> str:
    return "<Response><Hangup/></Response>"


def _say(speech: Speech) -> str:
    voice, locale = quoteattr(speech.voice), quoteattr(speech.locale)
    return f"<Say voice={voice} language={locale}>{escape(speech.text)}</Say>"
