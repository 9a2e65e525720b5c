"""`csss doctor`: checks of the settings, the data, the machine and the services around the bot."""
