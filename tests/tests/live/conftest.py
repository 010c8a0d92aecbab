from tests.support.faults import faults

__all__ = ["faults"]
