"""Errors of backups; each text says what to do next."""


class BackupError(Exception):
    """A backup or a restore cannot go on."""


class Damaged(BackupError):
    """A file of the repository is not as it was written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the backup's file {name} is damaged or was exchanged: choose another backup")
