"""Rules of the requests of chat configurations, beyond the models.

Sources name shapes of the AWS Chatbot API Reference.
"""

from rehearsal.framework.rules.rule import Catalogue
from rehearsal.framework.rules.tagging import tag_rules

CHATBOT = Catalogue(
    "chatbot",
    *tag_rules("chatbot", source="Tag; tag restrictions of the administrator guide"),
    error="InvalidParameterException",
)
