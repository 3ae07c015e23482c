"""An empty app, for which the CDK CLI lists missing feature flags."""

import aws_cdk as cdk

app = cdk.App(analytics_reporting=False)
cdk.Stack(app, "Empty")
app.synth()
