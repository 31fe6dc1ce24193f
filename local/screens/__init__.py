"""`make screens`: every page of the portal as a member with some history sees it, at both widths, in docs/screens/."""
