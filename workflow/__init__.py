"""The hospital's rules: states, permissions, jobs and records. No Telegram, no HTTP."""
