"""Invented goods, people and places. Titles are as long and as full of numbers as in a real shop, on purpose."""

from __future__ import annotations

import random

BRANDS = (
    "Northhour", "Steepwell", "Ironbridge", "Kestrel Optics", "Cleanfold", "Larkfell", "Voltcamp", "Marlow Audio",
    "Brightside", "Ashgrove & Sons", "Pinecraft", "HELMUT+RIEK", "Quillmark", "Ovenbird", "Tidewater Co.", "Baseline",
)  # fmt: skip
THINGS = {
    "en": (
        "Water Bottle", "Wireless Mouse", "Desk Lamp", "Copy Paper", "Whiteboard Markers", "Notebook Set",
        "USB-C Charging Cable", "Coffee Beans", "First Aid Kit", "Invoice Book", "Label Printer Tape", "Packing Tape",
        "Noise Cancelling Headset", "Office Chair Mat", "Kitchen Scale", "Travel Mug", "Paper Shredder", "Tool Case",
        "Total Care Cleaning Spray", "Order Pad with Carbon", "Tax Forms Folder", "Extension Cord", "Storage Boxes",
    ),
    "de": (
        "Trinkflasche", "Kabellose Maus", "Schreibtischlampe", "Kopierpapier", "Whiteboard-Stifte", "Notizbuch-Set",
        "USB-C-Ladekabel", "Kaffeebohnen", "Erste-Hilfe-Koffer", "Rechnungsbuch", "Etikettenband", "Paketklebeband",
        "Bürostuhlunterlage", "Küchenwaage", "Aktenvernichter", "Aufbewahrungsboxen", "Türstopper für Holzböden",
    ),
    "fr": (
        "Bouteille isotherme", "Souris sans fil", "Lampe de bureau", "Papier pour photocopieur", "Marqueurs effaçables",
        "Câble de charge USB-C", "Café en grains", "Trousse de secours", "Boîtes de rangement", "Carnet à spirale",
    ),
    "es": (
        "Botella de agua", "Ratón inalámbrico", "Lámpara de escritorio", "Papel para impresora", "Rotuladores",
        "Cable de carga USB-C", "Café en grano", "Botiquín", "Cajas de almacenaje", "Báscula de cocina",
    ),
    "it": (
        "Borraccia termica", "Mouse senza fili", "Lampada da scrivania", "Carta per fotocopie", "Pennarelli",
        "Cavo di ricarica USB-C", "Caffè in grani", "Kit di pronto soccorso", "Scatole portaoggetti", "Bilancia",
    ),
}  # fmt: skip
DETAILS = {
    "en": (
        "12 x 500 ml, 3.5 mm", "Model 2024-11-05", "Pack of 100", "1 l, blue", "Size 42 (10.5)", "2-pack, 6.6 ft each",
        "500 sheets, 8.5 x 11 in, 20 lb", "Black/Grey", "7 in 1", "100% recycled", "with 3 year warranty", "No. 8",
        "USB 3.2 Gen 2, 10 Gbit/s", "24 oz (0.71 l)", "dishwasher safe", "50 sets, 2 part, 5.5 x 8.5", "BPA free",
        "Series A1-2026", "for home, office and workshop", "1,000 count", "20 V / 4.0 Ah", "A4 80 g/m2",
    ),
    "de": (
        "12 x 500 ml, 3,5 mm", "Modell 2024-11-05", "100er Pack", "1 l, blau", "Größe 42", "2 Stück à 1,5 m",
        "500 Blatt DIN A4, 80 g/m²", "schwarz/grau", "7-in-1", "100 % Recyclingmaterial", "mit 3 Jahren Garantie",
        "1.000 Stück", "20 V / 4,0 Ah", "spülmaschinenfest", "für Büro, Küche und Werkstatt", "Nr. 8", "DIN 13157:2021",
    ),
    "fr": (
        "12 x 500 ml, 3,5 mm", "Modèle 2024-11-05", "Lot de 100", "1 l, bleu", "Taille 42", "500 feuilles A4, 80 g/m²",
        "noir/gris", "7 en 1", "garantie 3 ans", "pour la maison, le bureau et l'atelier", "20 V / 4,0 Ah",
    ),
    "es": (
        "12 x 500 ml, 3,5 mm", "Modelo 2024-11-05", "Paquete de 100", "1 l, azul", "Talla 42", "500 hojas A4, 80 g/m²",
        "negro/gris", "7 en 1", "3 años de garantía", "para casa, oficina y taller", "20 V / 4,0 Ah",
    ),
    "it": (
        "12 x 500 ml, 3,5 mm", "Modello 2024-11-05", "Confezione da 100", "1 l, blu", "Taglia 42",
        "500 fogli A4, 80 g/m²", "nero/grigio", "7 in 1", "3 anni di garanzia", "per casa, ufficio e officina",
    ),
}  # fmt: skip
SELLERS = (
    "Amazon.com Services LLC",
    "Brightside Goods Inc.",
    "Example Trading LLC",
    "Harbour & Finch Ltd",
    "Nordlicht GmbH",
)
FIRST = ("Alex", "Robin", "Sam", "Kim", "Jordan", "Miro", "Lena", "Tessa", "Ines", "Paul", "Noor", "Björn")
LAST = ("Example", "Muster", "Sample", "Winterfield", "Okonkwo-Hale", "Brandt", "Lefèvre", "Rossi", "Quint", "Marsh")
PLACES = {
    "US": (("100 Example Ave", "Seattle, WA 98109"), ("2200 Sample Blvd Suite 450", "Austin, TX 78701"),
           ("17 Orchard St Apt 3B", "New York, NY 10002"), ("9 Harbor Way", "Portland, ME 04101")),
    "UK": (("14 Sample Lane", "Leeds LS1 4AP"), ("Unit 7, Example Park", "Bristol BS1 6XN")),
    "DE": (("Musterstraße 12", "10115 Berlin"), ("Beispielweg 3a", "20095 Hamburg")),
    "FR": (("12 rue de l'Exemple", "69002 Lyon"), ("5 avenue du Modèle", "75011 Paris")),
    "ES": (("Calle del Ejemplo 21, 3º B", "28013 Madrid"), ("Avenida Muestra 8", "08002 Barcelona")),
    "IT": (("Via dell'Esempio 9", "20121 Milano MI"), ("Corso Modello 114", "10121 Torino TO")),
}  # fmt: skip
COUNTRIES = {"US": "US", "UK": "GB", "DE": "DE", "FR": "France", "ES": "España", "IT": "Italia"}
COMPANIES = {"US": "Loyalty Example Inc.", "UK": "Loyalty Example Ltd"}


def title(rng: random.Random, language: str) -> str:
    """One product's title, 15 to 200 characters."""
    start = f"{rng.choice(BRANDS)} {rng.choice(THINGS[language])}"
    details = rng.sample(DETAILS[language], k=rng.choices((0, 1, 2, 4, 7), weights=(1, 4, 4, 3, 1))[0])
    text = ", ".join([start, *details])
    if rng.random() < 0.1:
        text += f" ({rng.choice(BRANDS)} {rng.randrange(100, 9999)}-{rng.choice('ABX')}{rng.randrange(10)})"
    return text[:200].rstrip(" ,(")


def asin(rng: random.Random) -> str:
    """Ten characters; a book's are digits."""
    if rng.random() < 0.05:
        return f"{rng.randrange(10**9):09d}{rng.choice('0123456789X')}"
    return "B0" + "".join(rng.choices("BCDFGHJKLMNPQRSTVWXYZ0123456789", k=8))


def person(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def address(rng: random.Random, region: str, name: str) -> tuple[str, ...]:
    """Name, street, city, country."""
    return (name, *rng.choice(PLACES[region]), COUNTRIES[region])
