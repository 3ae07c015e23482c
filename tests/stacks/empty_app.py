"""An app with nothing in it, of which the CDK CLI can say what flags it misses."""

import aws_cdk as cdk

app = cdk.App(analytics_reporting=False)
cdk.Stack(app, "Empty")
app.synth()
