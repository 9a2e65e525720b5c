"""Settings of those who run the installation: how much it does at once, and their endpoints."""

from pathlib import Path

from pydantic import EmailStr, Field, SecretStr
from pydantic_settings import BaseSettings


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

    backups: Path | None = Field(None, description="Folder of the backups, best on another disk; see `csss backup`.")
    backup_passphrase: SecretStr | None = Field(
        None, min_length=16, description="Passphrase that encrypts them; without it `csss backup` asks."
    )
    backup_days: int = Field(30, ge=1, description="Days for which a backup is kept; the newest one always stays.")
    backup_keys: Path | None = Field(
        None, description="Another folder for the encrypted copies of the keys; by default a file beside the data's."
    )

    @property
    def own_operator_port(self) -> int | None:
        """The port of the operators' endpoints; None where the web app has them. 0: any free one."""
        if self.operator_port is None:
            return (self.web_port + 1) % 65536 if self.web_port else 0
        return None if self.operator_port == self.web_port else self.operator_port
