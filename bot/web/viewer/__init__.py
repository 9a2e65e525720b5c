"""The viewer of films: a Mini App inside Telegram for the members of staff who may see the scan."""
