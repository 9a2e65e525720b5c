"""The web app: health and metrics, report verification, Twilio."""
