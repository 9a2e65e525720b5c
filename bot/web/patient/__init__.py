"""A patient's own page: scans, films, reports, medicines, and pictures to send; the verbs are the chat's."""
