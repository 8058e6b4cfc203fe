import pytest

from generation.errors import ComplianceFailed, failing_closed


def test_whatever_goes_wrong_is_a_failure_of_compliance_that_tells_its_kind_only() -> None:
    with pytest.raises(ComplianceFailed) as caught, failing_closed("gate"):
        raise KeyError("secret words")
    assert (caught.value.part, caught.value.cause) == ("gate", "KeyError")
    assert "secret" not in str(caught.value)


def test_what_ends_the_process_is_not_held_up() -> None:
    with pytest.raises(KeyboardInterrupt), failing_closed("gate"):
        raise KeyboardInterrupt
