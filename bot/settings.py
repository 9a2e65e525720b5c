"""Everything the process needs from outside, read once on the command line's behalf."""

from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import EmailStr, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """A misspelt or impossible setting stops the start; secrets do not print."""

    model_config = SettingsConfigDict(env_prefix="CSSS_", env_file=".env", extra="forbid", frozen=True)

    bot_token: SecretStr = Field(description="The bot's token, from @BotFather. All that the bot needs.")
    bot_api: str = Field("https://api.telegram.org", description="The Bot API's base address.")
    data: Path = Field(Path("data"), description="Folder of the database, the pictures and the key.")
    database: SecretStr | None = Field(
        None, description="SQLAlchemy address of the database; by default SQLite in the data folder."
    )
    bundle: Path | None = Field(None, description="Folder of the classifier's bundle; by default the one shipped.")
    silent_bundle: Path | None = Field(
        None, description="A second bundle on trial: it reads along, is recorded, and is shown to nobody."
    )
    secret_key: SecretStr | None = Field(
        None, description="Key of the one-time codes, 32 characters or more; by default made once in the data folder."
    )

    hospital: str = Field("CSSS Hospital", description="Name printed on reports and said in messages.")
    hospital_address: str | None = Field(None, description="Address printed on reports.")
    hospital_phone: str | None = Field(None, description="Telephone printed on reports and named by the FAQ.")
    hospital_email: EmailStr | None = Field(None, description="Email printed on reports and named by the FAQ.")
    emergency_number: str = Field("112", description="The number to call in an emergency.")
    ambulance_number: str = Field("108", description="The ambulance's number.")
    timezone: str = Field("Asia/Kolkata", description="Time zone of every time shown.")

    smtp_host: str = Field("localhost", description="Mail server.")
    smtp_port: int = Field(587, description="Its port.")
    smtp_user: str | None = Field(None, description="User name there.")
    smtp_password: SecretStr | None = Field(None, description="Password there.")
    smtp_starttls: bool = Field(True, description="Whether STARTTLS is required; off only for a server on loopback.")
    mail_from: EmailStr = Field("scans@example.org", description="Sender of the mails.")

    web_host: str = Field("127.0.0.1", description="Where the web app listens.")
    web_port: int = Field(8080, description="Its port; 0 takes any free one.")
    webhook_url: str | None = Field(None, description="Public https address of this web app; without it the bot polls.")
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that Telegram sends along; required with a webhook (A-Z, a-z, 0-9, _ and -)."
    )

    log: Literal["console", "json"] = Field("console", description="Form of the log lines.")
    workers: int = Field(4, ge=1, le=32, description="Jobs done at the same time.")
    press_workers: int = Field(1, ge=1, le=8, description="Processes that draw PDFs.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("CSSS_WEBHOOK_URL needs CSSS_WEBHOOK_SECRET: without it anybody could speak as Telegram")
        if self.secret_key and len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("CSSS_SECRET_KEY must have 32 characters or more")
        if not self.smtp_starttls and self.smtp_host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("CSSS_SMTP_STARTTLS may be off only for a mail server on this machine")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("CSSS_TIMEZONE must be a time zone's name, such as Asia/Kolkata") from None
        return self

    @property
    def database_url(self) -> str:
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite+aiosqlite:///{(self.data / 'clinic.db').absolute()}"
