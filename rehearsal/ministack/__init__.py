"""ministack, behind our own words.

Only this package touches ministack's private names; tests/rehearsal/aws/adapter guards each of
them. ministack reads its settings when it is imported: import this package after `server` has set
them.
"""
