"""The loss of power, played on the SQLite journal: what is not synced may be lost, in any order.

`recorder` writes down what a store does to its files while a `load` runs; `disk` says what a disk may hold
after a cut; `examine` opens the store on that; `campaign` does it for many cuts.
"""
