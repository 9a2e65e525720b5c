"""The doctor's reading beside the film: the draft of the chat, by the same verbs."""
