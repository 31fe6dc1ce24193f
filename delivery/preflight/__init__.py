"""Before a deployment: what of the account, of AWS and of others is still missing. Looks only, changes nothing."""
