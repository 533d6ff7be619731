"""The class of all attacks is graded once for all tests."""

import pytest
from attacks import ATTACKS
from graded_class import Outcome, grade_attacks


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What came of the class of all attacks."""
    return grade_attacks(tmp_path_factory.mktemp("hostile"), ATTACKS)
