"""Tasks and their training runs: one after the other, or many at once on many machines.

The names stand in `__init__.pyi`; each is imported when it is first used, so that a worker can prepare for JAX first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
