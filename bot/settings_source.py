"""Reads settings from the environment strictly: a variable with the program's prefix that is no setting is refused."""

import os
from pathlib import Path
from typing import Any, Final

from pydantic_settings import BaseSettings, EnvSettingsSource, SecretsSettingsSource

PREFIX: Final = "CSSS_"
CONTAINER_SECRETS: Final = Path("/run/secrets")
TEST_PREFIX: Final = "csss_test_"  # settings of the test suite


class StrictEnvSource(EnvSettingsSource):
    """Keeps unknown variables with our prefix, so that they are refused like a misspelt line of `.env`."""

    def __call__(self) -> dict[str, Any]:
        known = {f"{PREFIX}{name}".lower() for name in self.settings_cls.model_fields}
        prefixed = {
            name for name in self.env_vars if name.startswith(PREFIX.lower()) and not name.startswith(TEST_PREFIX)
        }
        return {**super().__call__(), **dict.fromkeys(prefixed - known, "")}


def secret_files(settings_cls: type[BaseSettings]) -> SecretsSettingsSource:
    """Settings from files, for example `csss_bot_token`, in the folder of systemd's credentials or of a container's
    secrets. A file's last line break is no part of its value."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    folders = [path for path in (*([Path(given)] if given else ()), CONTAINER_SECRETS) if path.is_dir()]
    return SecretsSettingsSource(settings_cls, secrets_dir=folders, env_prefix=PREFIX)
