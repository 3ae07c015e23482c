"""Amazon Q Developer in chat applications (AWS Chatbot)."""

from rehearsal.aws.chatbot.resource_types import RESOURCE_TYPES
from rehearsal.aws.chatbot.service import Chatbot

__all__ = ["RESOURCE_TYPES", "Chatbot"]
