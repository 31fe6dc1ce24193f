"""What the stand-ins of AWS's services share: one JSON 1.1 door, their errors, faults, file and own clients.

door      a request by its target, signature, faults and rates before its operation; a log row after it
control   the control plane: health, faults, settings, the newest rows of a table
refusals  an error by its name
files     settings, faults and requests in a file of SQLite's, beside the service's own tables
clients   the emulator as a stand-in asks it
"""
