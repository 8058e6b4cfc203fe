import pytest
from transformers.utils import logging as noise

from models.quiet import quiet_loading


def test_quiet_loading_reports_errors_only_and_leaves_the_rest_as_it_was():
    before = noise.get_verbosity()
    with quiet_loading():
        assert noise.get_verbosity() == noise.ERROR
    with pytest.raises(ValueError, match="no weights"), quiet_loading():
        raise ValueError("no weights")
    assert noise.get_verbosity() == before
    assert not noise.is_progress_bar_enabled()
