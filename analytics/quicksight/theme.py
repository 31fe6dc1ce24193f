"""How it looks: quiet, legible in print, and told apart by people who see few colours."""

from __future__ import annotations

from typing import Any

from analytics.quicksight.place import THEME_READ, Place

NAME = "theme"
# Okabe and Ito's eight colours without the yellow, which is none on white, and with a grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#5B5B5B", "#000000")


def theme(place: Place) -> dict[str, Any]:
    """For CreateTheme."""
    return {
        "AwsAccountId": place.account,
        "ThemeId": place.id(NAME),
        "Name": "Loyalty",
        "BaseThemeId": "CLASSIC",
        "Configuration": {
            "DataColorPalette": {
                "Colors": list(COLOURS),
                "MinMaxGradient": ["#EAF2F8", "#0072B2"],
                "EmptyFillColor": "#F4F4F4",
            },
            "UIColorPalette": {
                "PrimaryForeground": "#16191F",
                "PrimaryBackground": "#FFFFFF",
                "SecondaryForeground": "#414D5C",
                "SecondaryBackground": "#F4F4F4",
                "Accent": "#0072B2",
                "AccentForeground": "#FFFFFF",
                "Danger": "#B3261E",
                "DangerForeground": "#FFFFFF",
                "Warning": "#8A5A00",
                "WarningForeground": "#FFFFFF",
                "Success": "#00664A",
                "SuccessForeground": "#FFFFFF",
            },
            "Sheet": {
                "Tile": {"Border": {"Show": False}},
                "TileLayout": {"Gutter": {"Show": True}, "Margin": {"Show": True}},
            },
        },
        **({"Permissions": place.may(THEME_READ)} if place.readers else {}),
    }
