"""The chat interface: commands, buttons and forms of patients, doctors, pharmacists and administrators."""
