"""Chats as proof of identity: the shared telephone, and the first chat for a further one."""
