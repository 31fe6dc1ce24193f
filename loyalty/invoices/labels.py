"""The words beside a value, in the languages of the stores, and which of an invoice's fields they mean.

A label says more than Textract's type: an "Original invoice #" has the type of a number too, and "Total before tax" that
of a total. A type counts where there is no label that we know.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TYPES = {
    "INVOICE_RECEIPT_ID": "number",
    "INVOICE_RECEIPT_DATE": "issued_on",
    "DUE_DATE": "due_on",
    "ORDER_DATE": "ordered_on",
    "PO_NUMBER": "purchase_order",
    "ACCOUNT_NUMBER": "account",
    "CUSTOMER_NUMBER": "account",
    "PAYMENT_TERMS": "payment_terms",
    "VENDOR_NAME": "vendor_name",
    "TAX_PAYER_ID": "vendor_tax_id",
    "VENDOR_VAT_NUMBER": "vendor_tax_id",
    "VENDOR_GST_NUMBER": "vendor_tax_id",
    "VENDOR_ABN_NUMBER": "vendor_tax_id",
    "SUBTOTAL": "subtotal",
    "SHIPPING_HANDLING_CHARGE": "shipping",
    "DISCOUNT": "discount",
    "SERVICE_CHARGE": "fee",
    "TAX": "tax",
    "TOTAL": "total",
    "AMOUNT_DUE": "total",
}
# Read from above: the first that fits.
_LABELS: tuple[tuple[str, str], ...] = (
    (
        "corrects",
        r"(original|corrected|credited|related|associated|referenced?|ref|corrects|credits?|against|adjusts|correction (of|to)|"
        r"credit for|refund for) (to )?(the )?(invoice|tax invoice)\b.*|invoice (corrected|credited|reference|referenced|ref)|"
        r"(for|to|re) invoice (number|no)?|"
        r"(zu |ursprungliche |korrigierte |bezug auf |original)\s?rechnung(s|snummer|s nummer)?( number)?|bezugsrechnung( number)?|"
        r"storno(rechnung)? zu.*|ursprungsrechnung( number)?|(gutschrift|korrektur|stornierung) zu(r)? rechnung( number)?|"
        r"(facture (d ?)?(origine|initiale|rectifiee|concernee|annulee)|avoir sur( la)? facture|facture de reference)( number)?|"
        r"(numero )?(factura|de la factura) (original|rectificada|de origen)( number)?|rectifica (a )?(la )?factura( number)?|"
        r"(fattura (originale|di riferimento|collegata|rettificata)|rif(erimento)? fattura|storno (della )?fattura)( number)?|"
        r"oorspronkelijke factuur( ?number)?|factuur gecrediteerd|faktura korygowana( number)?|korekta do faktury( number)?",
    ),
    (
        "due_on",
        r".*\b(payment due|due date|due by|due on|pay by|payable by|due|date due)\b.*|due|"
        r".*(zahlbar bis|fallig|falligkeit|zahlungsziel bis|zu zahlen bis).*|"
        r".*(date )?(d )?echeance.*|a regler (avant )?le|.*(vencimiento|pagar antes del?).*|.*scadenza.*|"
        r".*(vervaldatum|vervaldag|te betalen voor).*|.*termin (platnosci|zaplaty).*|forfallodatum|forfaldsdato",
    ),
    (
        "ordered_on",
        r".*\b(purchase|order|ordered|placed) (date|on)\b.*|date of (order|purchase)|bestelldatum|bestellt am|kaufdatum|"
        r"date d(e )?(la )?(commande|achat)|fecha del? (pedido|la compra|compra)|data (dell )?(ordine|acquisto)|data d ordine|"
        r"besteldatum|data zamowienia|orderdatum|commande (passee )?le",
    ),
    (
        "other_date",
        r".*\b(delivery|ship(ping|ped|ment)?|tax point|supply|liefer|leistungs|livraison|entrega|consegna)\s?(date|datum|data|fecha)\b.*|"
        r"(lieferdatum|leistungsdatum|versanddatum|liefer-? ?und leistungsdatum|fecha de (entrega|envio)|date de (livraison|la livraison)|data di (consegna|spedizione)|leverdatum).*|"
        r"tax point|payment date|period.*|abrechnungszeitraum",
    ),
    (
        "issued_on",
        r"((tax )?invoice|credit (memo|note)|issue|document|billing|bill) (date|issued|date issued)|date (of )?(issue|issued|invoice)|issued( on)?|dated?|"
        r"invoice date.*|credit (memo|note) date.*|"
        r"rechnungsdatum.*|datum|ausstellungsdatum|ausgestellt am|gutschriftsdatum|belegdatum|rechnung vom|"
        r"date (de )?(la )?(facture|facturation|l avoir)|date d (emission|avoir)|emise? le|date d ?emission.*|"
        r"fecha|fecha (de )?(la )?(factura|emision|facturacion|expedicion|abono)|"
        r"data|data (della )?(fattura|emissione|documento)|data di emissione|data (della )?nota di credito|"
        r"factuurdatum|data (wystawienia|faktury)|fakturadatum|fakturadato",
    ),
    (
        "purchase_order",
        r".*\bp ?\.? ?o ?\.?( number| ref(erence)?)?|.*purchase order.*|your (reference|ref|order( number)?)|customer (po|order reference|reference)|po\b.*|"
        r"(ihre )?bestellreferenz( po)?|ihre (referenz|bestellung|bestellnummer|auftragsnummer|bestell number)|kundenreferenz|ihr zeichen|bestellung( number)?|auftragsnummer des kunden|"
        r"(votre )?reference (client|commande|d ?achat)|(votre )?bon de commande( number)?|votre (reference|commande)|number de bon de commande|"
        r"(number |numero )?(de )?orden de compra|su (referencia|pedido)|referencia del? (cliente|pedido)|rif cliente|(referencia|pedido) (de )?compra|"
        r"(numero |number |rif(erimento)? )?(d )?ordine (di |d )?acquisto|vostro (riferimento|ordine)|vs (rif|ordine)( number)?|riferimento (cliente|ordine)|"
        r"(uw|inkoop) ?(referentie|order(nummer)?)|(numer )?zamowienia klienta|er referens",
    ),
    (
        "order",
        r"(amazon |sales )?(order|orders)( number| id| no)?|amazon order.*|(amazon )?bestell(ung)?s?-?(nummer| ?number|nr)|amazon.?bestell.*|"
        r"(number|numero) (de )?(la )?commande|commande( amazon)?( number)?|(numero |number )?(de |del )?pedido( number)?|(numero |number )?(d |dell )?ordine( number)?|bestel(ling)?nummer|numer zamowienia|ordernummer",
    ),
    (
        "vendor_tax_id",
        r"(?!.*(your|customer|buyer|bill|kunde|ihre|client|cliente|votre|su )).*\b(vat (registration|reg|id|number|no|identification).*|vat number|tax (id|identification|number|registration).*|ein|fein|gst number|"
        r"ust ?-?id ?-?(nr|number)?|umsatzsteuer ?-?id.*|ustid(nr)?|ust ?-? ?idnr|steuernummer|number (de )?tva.*|numero (de )?tva.*|tva intracommunautaire.*|n ?tva|tva number|"
        r"nif( iva)?|cif|p(artita)? ?\.? ?iva|partita iva.*|btw ?-?(nummer|number|id)|nip)",
    ),
    (
        "receiver_tax_id",
        r".*\b(vat|tax|ust|tva|iva|nif|btw)\b.*\b(your|customer|buyer|kunde|ihre|client|cliente|votre)\b.*|.*\b(your|customer|buyer|kunden?|ihre|client|cliente|votre|su)\b.*\b(vat|tax|ust|tva|iva|nif|btw)\b.*",
    ),
    (
        "account",
        r"(amazon )?(business )?(account|acct|customer|client)( number| id| no)?|kunden(konto|nummer| ?number)|konto(nummer| ?number)?|(number |numero |code )?(de )?(compte|client)( number)?|compte client|(numero |number )?(de )?(cuenta|cliente)( number)?|(numero |number |codice )?(di |del )?(conto|cliente|account)( number)?|klantnummer|rekeningnummer|numer klienta",
    ),
    (
        "payment_terms",
        r"(payment )?terms( of payment)?|zahlungs(bedingungen|bedingung|ziel|konditionen)|conditions?( de)?( paiement| reglement)?|pagamento|paiement|modalites de paiement|condiciones (de )?pago|forma de pago|(condizioni|termini|modalita) di pagamento|betalings(termijn|voorwaarden|conditie)|warunki platnosci",
    ),
    (
        "items",
        r"(item|items|goods|merchandise|products?) ?\(?s?\)? ?(sub ?)?total.*|sub ?-? ?total.*|zwischensumme.*|warenwert.*|summe (netto )?(der )?(artikel|positionen).*|artikelsumme.*|"
        r"sous ?-? ?total.*|total (des )?articles.*|subtotal.*|net of (items|goods)|net value|goods net|total (de )?(articulos|productos).*|subtotale.*|totale (articoli|prodotti|merce).*|subtotaal.*|suma czesciowa.*|delsumma.*",
    ),
    (
        "before_tax",
        r"(grand )?total (before|excl(uding|usive)?( of)?|ex|without|net of) (tax|vat|gst|taxes)|net (total|amount)|total net|total \(?(excl|ex) .*|"
        r"(gesamt|summe|gesamtbetrag|gesamtsumme|betrag|nettobetrag|rechnungsbetrag) ?\(?(netto|ohne (ust|mwst|umsatzsteuer))\)?|netto(betrag|summe|gesamt|gesamtbetrag)?|"
        r"total (general )?(ht|hors taxes?|hors tva)|montant (total )?ht|total (antes de|sin) (iva|impuestos)|base imponible( total)?|total (base )?imponible|importe neto|"
        r"(totale )?imponibile( totale)?|totale (netto|senza iva|iva esclusa|al netto.*|ante imposte)|totaal (excl(usief)?|zonder) btw|razem netto|wartosc netto",
    ),
    (
        "shipping",
        r".*\b(shipping|postage|delivery charges?|delivery|freight|carriage|p&p|handling)\b.*|.*versand.*|lieferkosten.*|.*livraison.*|frais de port.*|.*\benvio\b.*|portes.*|.*spedizione.*|.*verzend.*|.*(dostaw|wysylk).*|frakt.*",
    ),
    (
        "discount",
        r".*\b(discounts?|promo(s|tions?|tional)?|coupons?|savings|vouchers?|allowance|rebates?)\b.*|.*(rabatt|aktionsgutschein|gutscheine|nachlass|preisnachlass).*|.*(remise|reduction|promotion).*|.*(descuento|promocion).*|.*(sconto|sconti|promozion).*|.*korting.*|.*rabat.*",
    ),
    (
        "total",
        r"(grand |invoice |order |final )?(total|amount|balance)( amount)? (due|payable|to pay|credited|refunded|owed)( .*)?|(balance|amount) due.*|amount (payable|credited|refunded).*|(invoice|grand|final|document) total.*|total( (amount|including|incl|inc|with) ?.*| \(?(usd|gbp|eur)\)?| credit( .*)?| refund( .*)?)?|(credit|refund|credit memo|credit note) (total|amount|balance|due)( .*)?|"
        r"(gesamt|rechnungs|zahl|end|brutto|gutschrifts|erstattungs)(betrag|summe|preis)( .*)?|gesamt|summe( brutto)?|zu zahlen(der betrag)?|zahlbetrag.*|brutto|gutschrift gesamt|"
        r"total (ttc|toutes taxes comprises|a payer|general|facture|de la factura|a pagar|con iva|iva incluido|avoir|rembourse|factura|abono|a reembolsar|remboursement|credite)( .*)?|(montant|net) (total )?(a payer|ttc|du|rembourse|credite)( .*)?|importe (total|a pagar)( .*)?|"
        r"totale( .*(dovuto|da pagare|fattura|iva inclusa|documento|complessivo|rimborso|accredito|rimborsato|accreditato|nota di credito))?|importo (totale|dovuto|da pagare).*|totaal( .*(incl.*|te betalen))?|te betalen|(razem|kwota|suma) (brutto|do zaplaty)|do zaplaty|att betala|summa",
    ),
    (
        "tax",
        r"(total |estimated |sales |plus |zzgl |incl )?(tax|taxes|vat|gst|hst|pst|qst|sales tax|umsatzsteuer|ust|mwst|mehrwertsteuer|tva|iva|btw|moms|impuestos?|imposte|imposta)( (total|amount|subtotal|sub total|collected|due|gesamt|betrag|totale?|montant|importe|total amount))?( .*%.*)?|(montant|total|totale|importe|cuota|steuerbetrag|gesamt|summe|enthaltene|zzgl|dont|di cui|ammontare|importo)( (de|de la|della|di|des|der|du|l|la))? ?(tax|vat|tva|iva|ust|mwst|umsatzsteuer|mehrwertsteuer|imposta|impuestos)?( .*%.*)?|.*\b(ust|mwst|tva|iva|vat|btw)\b [0-9.,]+ ?%.*|[0-9.,]+ ?% ?(ust|mwst|tva|iva|vat|btw)\b.*|steuer(betrag|n)?|umsatzsteuerbetrag|(vat|ust|tva|iva) (subtotal|zwischensumme|sous total)",
    ),
    (
        "number",
        r"((tax )?invoice|credit (memo|note)|document|receipt|bill|statement)( (number|id|ref(erence)?|no))?|"
        r"num(ero)?|number|(rechnungs?|gutschrifts?|beleg|storno|stornorechnungs?|rechnungskorrektur) ?-? ?(nummer|number|nr)|rechnung( number)?|gutschrift( number)?|"
        r"(numero |number )?(de |de la |d )?(facture|avoir)( number)?|(num |numero |number )?(de |de la )?(factura|abono|factura rectificativa|nota de credito)( rectificativa)?( number)?|"
        r"(numero |number )?(della |di )?(fattura|nota di credito|documento)( number)?|factuur(nummer| ?number)|(numer )?faktury|faktura( number)?|fakturanummer",
    ),
    (
        "vendor_name",
        r"(pay (to|by)|remit (payment )?to|issued by|issuer|registered business name|supplier|vendor|rechnungssteller|aussteller|emetteur|emise? par|emisor|emesso da|emittente|fornitore|lieferant)",
    ),
    (
        "sold_by",
        r"(sold by|verkauft (durch|von)|vendu par|vendido por|venduto da|verkocht door|seller|verkaufer|vendeur)",
    ),
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _LABELS)
_CREDIT = re.compile(
    r"\b(credit (memo|note|advice)|credit total|total credit|amount credited|refund total|gutschrift\w*|stornorechnung|rechnungskorrektur|avoir|"
    r"nota (de|di) credito|factura rectificativa|abono|creditnota|creditfactuur|faktura korygujaca|kreditnota|kreditfaktura)\b"
)


@lru_cache(maxsize=4_096)
def plain(label: str) -> str:
    """Small letters without accents and punctuation; every way to write "number" as a label's last word is that word."""
    folded = unicodedata.normalize("NFKD", label.casefold().replace("№", " number ").replace("ß", "ss"))
    text = "".join(each for each in folded if not unicodedata.combining(each))
    text = text.replace("#", " number ")
    text = re.sub(r"\b(no|nr|num|nbr|n)\s?[.°ºo]?(?=\s*[.:]*\s*$)|\bn\s?[°º]\.?|\bnr\.", " number ", text)
    text = re.sub(r"[^a-z0-9&%.,() ]+", " ", text)
    text = re.sub(r"(?<![0-9])[.,]|[.,](?![0-9])|[()]", " ", text)
    return re.sub(r"\s+", " ", text).strip()


@lru_cache(maxsize=4_096)
def meaning(label: str) -> str | None:
    """The name of what stands beside such a label, None if it is none of ours."""
    text = plain(label)
    return next((name for name, pattern in _COMPILED if pattern.fullmatch(text)), None) if text else None


def of_type(kind: str) -> str | None:
    return _TYPES.get(kind)


def says_credit(text: str) -> bool:
    """Whether words name a paper that gives money back."""
    return _CREDIT.search(plain(text)) is not None
