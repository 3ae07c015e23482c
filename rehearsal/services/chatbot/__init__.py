"""Amazon Q Developer in chat applications (AWS Chatbot)."""

from rehearsal.services.chatbot.resource_types import RESOURCE_TYPES
from rehearsal.services.chatbot.service import Chatbot

__all__ = ["RESOURCE_TYPES", "Chatbot"]
