"""`csss backup` and `csss restore`.

A repository is a folder with `repository.json` (its key, encrypted with the passphrase), `destroyed-keys.txt`, one
folder for each backup, and `vault`, the copies of vault files that the backups share. Every copy is encrypted."""
