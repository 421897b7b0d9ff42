"""Where the defaults are written to."""

import regrow as rg


def trees(one, two):
    rg.supervisor([one])  # expect: RG104
    rg.SupervisorFlags()  # expect: RG104
    rg.supervisor([one], strategy="rest_for_one",)  # expect: RG104
    rg.supervisor(  # expect: RG104
        [
            one,
            two,  # the second, after it
        ],
        name="both",  # for looking it up
    )
    rg.dynamic_supervisor(  # expect: RG104
        name="pool"  # no comma here
    )
    rg.supervisor([rg.supervisor([one]), two])  # expect: RG104, RG104
