"""Settings of those who run the installation: how much it does at once, and their endpoints."""

from pathlib import Path
from typing import Self

from pydantic import EmailStr, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

from bot.addresses import ConfidentialUrl


class OperatorSettings(BaseSettings):
    """A part of `bot.settings.Settings`."""

    web_host: str = Field("127.0.0.1", description="Where the web app listens.")
    web_port: int = Field(8080, ge=0, le=65535, description="Its port; 0 takes any free one.")
    operator_host: str = Field(
        "127.0.0.1", description="Where the operators' endpoints listen: `/metrics`, `/readyz` and `/healthz`."
    )
    operator_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Their port, by default the one after CSSS_WEB_PORT; 0 takes any free one. The number of "
        "CSSS_WEB_PORT itself puts them onto the web app, where whoever reaches it reads them.",
    )
    grievance_officer: str | None = Field(
        None,
        max_length=200,
        description="Name and contact of the person who answers complaints about personal data (in India the grievance "
        "officer, in the EU the data protection officer), told to patients; by default the hospital and its contact.",
    )
    privacy_authority: str = Field(
        "Data Protection Board of India",
        max_length=200,
        description="The authority to which a patient may complain further, told to patients.",
    )
    audit_mail: EmailStr | None = Field(
        None, description="Address outside this machine that gets the head of the audit chain by mail, once a day."
    )
    audit_syslog: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        description="Syslog server (host or host:port, UDP) that gets each head of the audit chain, hourly.",
    )
    workers: int = Field(4, ge=1, le=32, description="Jobs done at the same time.")
    press_workers: int = Field(1, ge=1, le=8, description="Processes that draw PDFs.")

    files_bucket: str | None = Field(
        None,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?$",
        description="Bucket of an S3-compatible service for pictures and reports, encrypted before they leave the "
        "process: `s3://bucket/prefix`, a prefix of its own for each installation; by default they lie in the data "
        "folder. Needs the extra `s3`; see `csss files copy`.",
    )
    files_endpoint: ConfidentialUrl | None = Field(
        None, description="Address of that service; by default Amazon's of CSSS_FILES_REGION."
    )
    files_region: str = Field("us-east-1", pattern=r"^[A-Za-z0-9-]+$", description="Its region.")
    files_key_id: SecretStr | None = Field(None, description="Access key there, required with a bucket.")
    files_secret: SecretStr | None = Field(None, description="The access key's secret, required with a bucket.")

    backups: Path | None = Field(None, description="Folder of the backups, best on another disk; see `csss backup`.")
    backup_passphrase: SecretStr | None = Field(
        None, min_length=16, description="Passphrase that encrypts them; without it `csss backup` asks."
    )
    backup_days: int = Field(30, ge=1, description="Days for which a backup is kept; the newest one always stays.")
    backup_keys: Path | None = Field(
        None, description="Another folder for the encrypted copies of the keys; by default a file beside the data's."
    )

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        if self.files_bucket and not (self.files_key_id and self.files_secret):
            raise ValueError("CSSS_FILES_BUCKET needs CSSS_FILES_KEY_ID and CSSS_FILES_SECRET")
        return self

    @property
    def own_operator_port(self) -> int | None:
        """The port of the operators' endpoints; None where the web app has them. 0: any free one."""
        if self.operator_port is None:
            return (self.web_port + 1) % 65536 if self.web_port else 0
        return None if self.operator_port == self.web_port else self.operator_port
