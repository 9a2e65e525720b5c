"""The viewer of films: a Mini App inside Telegram, a page of the desk and of patients, for those who may see them."""
