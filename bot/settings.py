"""The settings, read from the environment and `.env`."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import EmailStr, Field, FilePath, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.addresses import LOOPBACK, ConfidentialUrl, is_loopback
from bot.operator_settings import OperatorSettings
from bot.settings_source import PREFIX, StrictEnvSource, secret_files
from workflow.accounts.roles import NEW_ADMINISTRATOR
from workflow.claims import CLAIM_PERIOD
from workflow.desk.hours import DeskHours
from workflow.desk.promise import Promise
from workflow.scans.intake import READ_AHEAD

PUSH_SERVICES: Final = (
    "fcm.googleapis.com",  # Chrome and its relatives
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",  # Edge
)


class Settings(OperatorSettings):
    """Refuses misspelt and impossible settings with a ValidationError; secrets are masked in its repr.

    `bot.preflight` checks what depends on this machine."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="forbid", frozen=True)

    bot_token: SecretStr = Field(description="The bot's token, from @BotFather. All that the bot needs.")
    bot_api: ConfidentialUrl = Field("https://api.telegram.org", description="The Bot API's base address.")
    data: Path = Field(Path("data"), description="Folder of the database, the pictures and the key.")
    database: SecretStr | None = Field(
        None, description="SQLAlchemy address of the database; by default SQLite in the data folder."
    )
    bundle: Path | None = Field(None, description="Folder of the classifier's bundle; by default the one shipped.")
    silent_bundle: Path | None = Field(
        None, description="Bundle of a shadow model: its readings are recorded and shown to nobody."
    )
    secret_key: SecretStr | None = Field(
        None, description="Key of the one-time codes, 32 characters or more; by default made once in the data folder."
    )

    master_key: SecretStr | None = Field(
        None,
        description="Key-encryption key, 32 characters or more; an older one may follow after a comma until "
        "`csss keys rotate` has run; by default made once in the data folder.",
    )

    formulary: Path | None = Field(
        None,
        description="Folder of the hospital's own formulary (TOML files); by default the one shipped, "
        "which the hospital's pharmacist must approve.",
    )

    hospital: str = Field("CSSS Hospital", description="Name printed on reports and used in messages.")
    hospital_address: str | None = Field(None, description="Address printed on reports.")
    hospital_phone: str | None = Field(None, description="Telephone printed on reports and named by the FAQ.")
    hospital_email: EmailStr | None = Field(None, description="Email printed on reports and named by the FAQ.")
    hospital_logo: FilePath | None = Field(None, description="JPEG or PNG file, printed on reports.")
    emergency_number: str = Field("112", description="The number to call in an emergency.")
    ambulance_number: str = Field("108", description="The ambulance's number.")
    desk_hours: str = Field("08:00-20:00", description="When staff answer in chat, until hours are saved in `/hours`.")
    desk_days: str = Field("mon tue wed thu fri sat sun", description="On which days.")
    timezone: str = Field("Asia/Kolkata", description="Time zone of every time shown.")

    smtp_host: str = Field("localhost", description="Mail server.")
    smtp_port: int = Field(587, description="Its port.")
    smtp_user: str | None = Field(None, description="User name there.")
    smtp_password: SecretStr | None = Field(None, description="Password there.")
    smtp_starttls: bool = Field(True, description="Whether STARTTLS is required; off only for a server on loopback.")
    mail_from: EmailStr = Field("scans@example.org", description="Sender of the mails.")

    public_url: ConfidentialUrl | None = Field(
        None, description="Public https address of this web app, printed on reports; by default CSSS_WEBHOOK_URL."
    )
    webhook_url: ConfidentialUrl | None = Field(None, description="Its https address; without it the bot polls.")
    webhook_secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="Secret that Telegram sends along, required with a webhook (A-Z, a-z, 0-9, _, -).",
    )
    proxies: list[IPv4Network | IPv6Network] = Field(
        [*LOOPBACK],
        description="Proxies whose X-Forwarded-For is believed: a JSON list of addresses or networks.",
    )

    push_services: list[Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9.-]+$")]] = Field(
        [*PUSH_SERVICES],
        description="Hosts that may carry notices to browsers of staff and patients (`*.` for every name below one): "
        "a JSON list; `[]` turns these notices off.",
    )

    idle_hours: float = Field(
        12, gt=0, description="After so many hours unused a chat asks for the password before it shows health data."
    )

    new_administrator_hours: float = Field(
        24,
        ge=0,
        le=24 * 30,
        description="For so many hours a new administrator releases no report and removes no other one, unless a "
        "second administrator vouches for them with /users.",
    )

    claim_minutes: int = Field(
        15,
        ge=1,
        le=24 * 60,
        description="After so many minutes without an act a scan is free again for other members of staff.",
    )

    promised_hours_urgent: float = Field(
        1, gt=0, le=24 * 7, description="The report of an urgent scan is promised within so many hours, day and night."
    )
    promised_hours: float = Field(
        24, gt=0, le=24 * 30, description="Every other report is promised within so many hours of CSSS_DESK_HOURS."
    )

    read_ahead: bool = Field(
        True,
        description="Whether the model reads each scan on arrival, for the order of the queue and a quick answer only; "
        "the answer is shown when a doctor asks for it.",
    )

    keep_reports_days: int = Field(
        1096,
        ge=0,
        description="Days for which a released report is kept whatever its patient asks; three years by default, as "
        "regulation 1.3.1 of the Indian Medical Council's code of ethics (2002) asks of physicians.",
    )

    whatsapp_from: str | None = Field(
        None, pattern=r"^\+\d{8,15}$", description="Number that writes by WhatsApp; without it WhatsApp is off."
    )
    whatsapp_template: str | None = Field(
        None,
        description="ContentSid of an approved template: {{1}} hospital, {{2}} report number, {{3}} link.",
    )
    twilio_account_sid: str | None = Field(None, description="Twilio's account, for WhatsApp.")
    twilio_auth_token: SecretStr | None = Field(None, description="Its token.")
    twilio_api: ConfidentialUrl = Field("https://api.twilio.com", description="Twilio's address.")

    voice: bool = Field(
        False, description="Read the report's first page aloud in chat; needs the programs espeak-ng and opusenc."
    )

    bcrypt_cost: int = Field(
        12, ge=10, le=16, description="Cost of password hashes: the base-2 logarithm of bcrypt's rounds."
    )
    log: Literal["console", "json"] = Field("console", description="Form of the log lines.")
    traces: ConfidentialUrl | None = Field(None, description="OpenTelemetry collector (OTLP over HTTP), for traces.")
    remove_after_hours: int | None = Field(
        None,
        ge=1,
        le=47,
        description="Hours after which messages about health leave the chats; by default they stay.",
    )
    messages_per_minute: int = Field(
        120, ge=10, description="Messages and button presses of one person, twenty of them at once."
    )
    pictures_per_hour: int = Field(60, ge=10, description="Pictures of one person, thirty of them at once.")
    mails_per_hour: int = Field(
        600, ge=10, description="Mails of the whole installation, a tenth of them at once; more of them wait."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by StrictEnvSource
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by secret_files
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, StrictEnvSource(settings_cls), dotenv_settings, secret_files(settings_cls)

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("CSSS_WEBHOOK_URL needs CSSS_WEBHOOK_SECRET: without it anybody could pose as Telegram")
        if self.secret_key and len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("CSSS_SECRET_KEY must have 32 characters or more")
        if self.master_key and min(map(len, self.master_key.get_secret_value().split(","))) < 32:
            raise ValueError("CSSS_MASTER_KEY must have 32 characters or more")
        if not self.smtp_starttls and not is_loopback(self.smtp_host):
            raise ValueError("CSSS_SMTP_STARTTLS may be off only for a mail server on this machine")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("CSSS_TIMEZONE must be a time zone's name, such as Asia/Kolkata") from None
        try:
            DeskHours.parse(self.desk_hours, self.desk_days, ZoneInfo(self.timezone))
        except ValueError:
            raise ValueError("CSSS_DESK_HOURS must be like 08:00-20:00, CSSS_DESK_DAYS like mon tue wed") from None
        return self

    @model_validator(mode="after")
    def _check_public_access(self) -> Self:
        if self.whatsapp_from and not (self.twilio_account_sid and self.twilio_auth_token and self.base_url):
            raise ValueError(
                "CSSS_WHATSAPP_FROM needs CSSS_TWILIO_ACCOUNT_SID, CSSS_TWILIO_AUTH_TOKEN and CSSS_PUBLIC_URL"
            )
        return self

    @property
    def base_url(self) -> str | None:
        """Public address of the web app without a trailing slash; None if it has none."""
        address = self.public_url or self.webhook_url
        return address.rstrip("/") if address else None

    @property
    def session_info(self) -> dict[str, object]:
        """Settings that the workflow reads from its sessions."""
        return {
            CLAIM_PERIOD: timedelta(minutes=self.claim_minutes),
            NEW_ADMINISTRATOR: timedelta(hours=self.new_administrator_hours),
            READ_AHEAD: self.read_ahead,
        }

    @property
    def retention(self) -> timedelta:
        """Minimum period for which a released report is kept."""
        return timedelta(days=self.keep_reports_days)

    @property
    def desk_schedule(self) -> DeskHours:
        """Opening hours of the staff desk."""
        return DeskHours.parse(self.desk_hours, self.desk_days, ZoneInfo(self.timezone))

    @property
    def promise(self) -> Promise:
        """The promised time of a report by urgency."""
        urgent, routine = timedelta(hours=self.promised_hours_urgent), timedelta(hours=self.promised_hours)
        return Promise(urgent, routine, self.desk_schedule)

    @property
    def database_url(self) -> str:
        """SQLAlchemy address; by default a SQLite file in the data folder."""
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite+aiosqlite:///{(self.data / 'clinic.db').absolute()}"
