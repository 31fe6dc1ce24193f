"""The laptop's cloud: launcher, stand-ins, status page, seed. Nothing here is deployed."""
