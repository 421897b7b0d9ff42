import regrow as rg
from regrow import SupervisorSpec, supervisor


def trees(children: list[rg.ChildSpec], options: dict) -> None:
    rg.supervisor(children)  # expect: RG104
    supervisor(children, strategy="one_for_all")  # expect: RG104
    supervisor(children, strategy="one_for_all", max_restarts=1, max_seconds=2)
    supervisor(children, **options)
    SupervisorSpec.of(children)  # expect: RG104
    rg.SupervisorFlags()  # expect: RG104
    rg.dynamic_supervisor(name="x")  # expect: RG104
    rg.dynamic_supervisor(name="x", max_restarts=1, max_seconds=2)
    rg.partition_supervisor(children[0], name="p", partitions=2)  # expect: RG104
    rg.supervisor(  # expect: RG104
        children,  # all of them, in order
    )
    rg.supervisor(  # expect: RG104
        (children)
    )


class Other:
    def supervisor(self) -> None: ...


Other().supervisor()

def never_restarts() -> None:
    rg.supervisor([], strategy="one_for_one", max_restarts=0)
