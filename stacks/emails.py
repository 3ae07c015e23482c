"""Email subscriptions of topics."""

from collections.abc import Sequence

from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from mlops_constructs.validation import acknowledge


def subscribe_emails(topic: sns.Topic, addresses: Sequence[str]) -> None:
    """Subscribes addresses to a topic; each must confirm its subscription.

    Args:
        topic: the topic.
        addresses: email addresses.
    """
    for address in addresses:
        subscription = topic.add_subscription(subscriptions.EmailSubscription(address))
        reason = "a dead-letter queue of emails is not read; AWS retries the delivery itself"
        acknowledge(subscription, {"Serverless-SNSRedrivePolicy": reason})
