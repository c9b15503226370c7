"""The tables, one module per noun of the design. Imports the domain, nothing else of ours."""

from .account import Account
from .audit import AuditEntry, AuditSeal
from .authority import Agreement, Authority
from .base import Base
from .call import SimulatedCall, VoiceCall
from .callout import Callout, Need, Recipient, Wave
from .emergency import Emergency
from .learning import LearnedModel
from .look import Look
from .message import InboundMessage, Message, MessageEvent, StatusCallback
from .operations import Alarm, Chore, EngineHeartbeat, SenderPace
from .section import Section
from .simulation import SimulatedEvent, SimulatedText
from .skill import Certification, Skill
from .training import Course, Risk, RiskStrength
from .volunteer import Absence, Place, SkillPlace, Volunteer
from .wording import Wording

__all__ = [
    "Absence",
    "Account",
    "Agreement",
    "Alarm",
    "AuditEntry",
    "AuditSeal",
    "Authority",
    "Base",
    "Callout",
    "Certification",
    "Chore",
    "Course",
    "Emergency",
    "EngineHeartbeat",
    "InboundMessage",
    "LearnedModel",
    "Look",
    "Message",
    "MessageEvent",
    "Need",
    "Place",
    "Recipient",
    "Risk",
    "RiskStrength",
    "Section",
    "SenderPace",
    "SimulatedCall",
    "SimulatedEvent",
    "SimulatedText",
    "Skill",
    "SkillPlace",
    "StatusCallback",
    "VoiceCall",
    "Volunteer",
    "Wave",
    "Wording",
]
