"""`make torture`: runs that are killed, damaged, starved and misconfigured at random.

What may become of any of them is one of two things: the numbers of an undisturbed run, or one line
that says what is wrong. A module a kind of fault; each has `case(draw, bench)`, which gives what
went wrong or None.
"""
