"""The methods of the Bot API that the sandbox knows, by name."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.methods import editing, profile, sending, updates
from bot.dev.sandbox.engine import Engine

ALBUM: Final = (
    "business_connection_id chat_id message_thread_id direct_messages_topic_id disable_notification protect_content "
    "allow_paid_broadcast message_effect_id reply_parameters reply_to_message_id allow_sending_without_reply"
)
SENDING: Final = f"{ALBUM} suggested_post_parameters reply_markup"
WORDS: Final = "caption parse_mode caption_entities"
EDITING: Final = "business_connection_id chat_id message_id inline_message_id reply_markup"
SCOPE: Final = "scope language_code"


class Method(NamedTuple):
    """A method's documented name, its parameters and its implementation."""

    name: str
    parameters: frozenset[str]
    run: Callable[[Engine, Call], Awaitable[Any]]


ROWS: Final = (
    ("getMe", "", profile.get_me),
    ("close", "", profile.agree),
    ("logOut", "", profile.agree),
    ("getUpdates", "offset limit timeout allowed_updates", updates.get_updates),
    (
        "setWebhook",
        "url certificate ip_address max_connections allowed_updates drop_pending_updates secret_token",
        updates.set_webhook,
    ),
    ("deleteWebhook", "drop_pending_updates", updates.delete_webhook),
    ("getWebhookInfo", "", updates.get_webhook_info),
    ("answerCallbackQuery", "callback_query_id text show_alert url cache_time", updates.answer_callback_query),
    ("sendMessage", f"{SENDING} text parse_mode entities link_preview_options", sending.send_message),
    ("sendPhoto", f"{SENDING} {WORDS} photo has_spoiler show_caption_above_media", sending.send_photo),
    (
        "sendDocument",
        f"{SENDING} {WORDS} document thumbnail disable_content_type_detection",
        sending.send_document,
    ),
    ("sendVoice", f"{SENDING} {WORDS} voice duration", sending.send_voice),
    ("sendMediaGroup", f"{ALBUM} media", sending.send_media_group),
    (
        "sendChatAction",
        "business_connection_id chat_id message_thread_id action",
        sending.send_chat_action,
    ),
    (
        "editMessageText",
        f"{EDITING} text parse_mode entities link_preview_options rich_message",
        editing.edit_message_text,
    ),
    ("editMessageCaption", f"{EDITING} {WORDS} show_caption_above_media", editing.edit_message_caption),
    ("editMessageMedia", f"{EDITING} media", editing.edit_message_media),
    ("editMessageReplyMarkup", EDITING, editing.edit_message_reply_markup),
    ("deleteMessage", "chat_id message_id", editing.delete_message),
    ("deleteMessages", "chat_id message_ids", editing.delete_messages),
    ("setMessageReaction", "chat_id message_id reaction is_big", editing.set_message_reaction),
    ("getFile", "file_id", profile.get_file),
    ("getChat", "chat_id", profile.get_chat),
    ("setMyCommands", f"{SCOPE} commands", profile.set_my_commands),
    ("getMyCommands", SCOPE, profile.get_my_commands),
    ("deleteMyCommands", SCOPE, profile.delete_my_commands),
    ("setChatMenuButton", "chat_id menu_button", profile.set_chat_menu_button),
    ("getChatMenuButton", "chat_id", profile.get_chat_menu_button),
    ("setMyName", "name language_code", profile.set_profile_text),
    ("getMyName", "language_code", profile.get_profile_text),
    ("setMyDescription", "description language_code", profile.set_profile_text),
    ("getMyDescription", "language_code", profile.get_profile_text),
    ("setMyShortDescription", "short_description language_code", profile.set_profile_text),
    ("getMyShortDescription", "language_code", profile.get_profile_text),
)

METHODS: Final[Mapping[str, Method]] = {
    name.lower(): Method(name, frozenset(parameters.split()), run) for name, parameters, run in ROWS
}
"""By lower-case name: Telegram does not mind the case."""
