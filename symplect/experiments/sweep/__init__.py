"""Many tasks, models, seeds and settings at once, on any executor of `concurrent.futures`.

The names stand in `__init__.pyi`; each is imported when it is first used, so that a worker can prepare for JAX first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
