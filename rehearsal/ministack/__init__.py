"""ministack, the emulator that the rehearsal embeds, and its patches.

Only this package imports ministack. `registry` has each patch: what is replaced, why, in which
order, and which change of ministack ends it. `corrections` are the patches that could go upstream.
ministack reads its settings when it is imported: import this package after `rehearsal.server` has
set them.
"""
