"""The AWS services that the rehearsal implements, one folder each."""
