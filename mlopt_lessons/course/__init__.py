"""What every lesson uses: claims and ledger, predictions, quizzes, live figures, progress."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
