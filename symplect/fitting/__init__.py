"""Ways from data to a model: gradient descent, closed forms, trajectories.

The names stand in `__init__.pyi`; each is imported when it is first used, so that a fit waits for no other's libraries.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
