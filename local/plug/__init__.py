"""Pull the plug: members redeem, everything of ours is killed, comes back, and each redemption is counted to its end.

Plug     what the status page's button and `make plug` press; one run at a time, the last one stays to be read
Run      one run: its shoppers, its samples second by second, its verdict
"""
