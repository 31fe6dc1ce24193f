"""What a month costs about: an estimate from the synthesised templates, a price file, and stated assumptions."""
