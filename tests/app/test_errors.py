from app.errors import MOST_COMPLAINTS, Complaint, InvalidForm, validation_complaint


def test_invalid_form_names_the_field_of_each_complaint() -> None:
    wrong = [
        Complaint(("body",), "is no object"),
        Complaint(("body", "metadata", "year"), "must be text"),
        Complaint(("query", "limit"), "is too large"),
    ]
    said = "is no object; metadata.year: must be text; limit: is too large"
    assert str(InvalidForm(wrong)) == said


def test_invalid_form_with_many_complaints_shows_some_and_counts_the_rest() -> None:
    error = InvalidForm([Complaint(("body", "file"), "empty")] * (MOST_COMPLAINTS + 2))
    assert str(error).endswith("; file: empty; and 2 more")
    assert len(error.complaints) == MOST_COMPLAINTS


def test_validation_complaint_is_without_the_words_of_the_library() -> None:
    complaint = validation_complaint(["body", "metadata", 0], "Value error, must be text")
    assert complaint == Complaint(("body", "metadata", 0), "must be text")
