"""Delivery channels: email with bounces, WhatsApp, voice, and the one-time delivery shared by all of them."""
