"""Counts of what a long run did, so that nobody has to fetch 100,000 texts to know."""

from collections import Counter
from typing import Any

from .carrier import Carrier

#: Examples of texts that reached a phone twice.
_EXAMPLES = 10


def summary(carrier: Carrier) -> dict[str, Any]:
    """What reached phones. A pair is a phone and a body: more than once means that a text was sent twice."""
    pairs = Counter((text.to, text.body) for text in carrier.ledger)
    phones = Counter(text.to for text in carrier.ledger)
    repeated = [pair for pair, times in pairs.items() if times > 1]
    return {
        "reached": len(carrier.ledger),
        "pairs": len(pairs),
        "pairs_more_than_once": len(repeated),
        "phones": len(phones),
        "phones_more_than_once": sum(times > 1 for times in phones.values()),
        "examples_more_than_once": [
            {"to": to, "body": body, "times": pairs[to, body]} for to, body in repeated[:_EXAMPLES]
        ],
    }
