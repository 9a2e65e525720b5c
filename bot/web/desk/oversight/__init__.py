"""The pages of oversight: the record, the model's card, the week."""
