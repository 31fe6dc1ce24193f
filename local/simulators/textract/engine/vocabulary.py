"""The words that invoices put before their values and over their columns, in the languages Amazon's stores speak.

Generic: nothing of it is one sender's layout. Compared folded (see `lines.plain`): small letters, no accents, no stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from local.simulators.textract.engine.lines import Token

# Type, kind of value, labels.
_SUMMARY = """
INVOICE_RECEIPT_ID id | invoice # | invoice no | invoice nr | invoice number | invoice id | invoice | tax invoice # | tax invoice | tax invoice no | tax invoice number | vat invoice number | vat invoice # | invoice reference | inv # | inv no | document # | document no | document number | receipt # | receipt number | bill no | bill number | credit memo # | credit memo no | credit memo number | credit memo | credit note # | credit note no | credit note number | credit note | rechnungsnummer | rechnungs-nr | rechnungsnr | rechnung nr | rechnung | rechnung # | belegnummer | beleg-nr | gutschriftsnummer | gutschriftnummer | gutschrift-nr | gutschrift nr | gutschrift | numero de la facture | numero de facture | facture n | facture no | facture # | n de facture | no de facture | numero d'avoir | numero davoir | avoir n | numero de factura | n de factura | factura n | factura no | numero fattura | fattura n | n fattura | numero della fattura
INVOICE_RECEIPT_DATE date | invoice date | date of invoice | date of issue | issue date | issued on | issued | invoice issued | invoice date / tax point | tax point | document date | date | credit memo date | credit note date | billing date | rechnungsdatum | rechnungsdatum / lieferdatum | rechnungsdatum/lieferdatum | datum | belegdatum | ausstellungsdatum | gutschriftsdatum | gutschriftdatum | date de facture | date de facturation | date d'emission | date demission | date de la facture | fecha de factura | fecha de la factura | fecha | data fattura | data della fattura | data
DUE_DATE date | payment due by | payment due on | payment due date | payment due | due date | due by | due on | due | pay by | please pay by | zahlbar bis | fallig am | faellig am | falligkeitsdatum | zahlungsziel am | zahlung fallig am | fallig bis | date d'echeance | date decheance | echeance | a payer avant le | fecha de vencimiento | vencimiento | data di scadenza | scadenza
ORDER_DATE date | purchase date | order date | date of order | date of purchase | order placed | order placed on | ordered on | purchased on | bestelldatum | bestellt am | bestellung vom | date de commande | date de la commande | fecha del pedido | fecha de pedido | data ordine | data dell'ordine
DELIVERY_DATE date | delivery date | date of delivery | delivered on | ship date | shipped on | shipping date | dispatch date | date shipped | lieferdatum | leistungsdatum | versanddatum | geliefert am | date de livraison | date d'expedition | fecha de entrega | fecha de envio | data di consegna
PO_NUMBER text | po # | po number | po no | po nr | po | po reference | purchase order # | purchase order no | purchase order number | purchase order | your po # | your po | your order reference | customer po # | customer po | buyer's po # | po-nummer | po-nr | bestellreferenz | ihre bestellnummer | ihr zeichen | ihre referenz | kundenreferenz | numero de bon de commande | bon de commande | n de bon de commande | bon de commande n | reference client | votre reference | orden de compra | numero de orden de compra | pedido de compra | ordine di acquisto | numero ordine di acquisto
ACCOUNT_NUMBER id | account # | account no | account number | account id | account | kontonummer | konto-nr | numero de compte | compte n | numero de cuenta | numero conto | business account # | business account number
CUSTOMER_NUMBER id | customer # | customer no | customer number | customer id | client number | kundennummer | kunden-nr | kundennr | numero client | numero de client | numero de cliente | codice cliente
PAYMENT_TERMS text | payment terms | terms of payment | terms | payment conditions | zahlungsbedingungen | zahlungsbedingung | zahlungsziel | conditions de paiement | condiciones de pago | termini di pagamento
VAT id | vat # | vat no | vat number | vat id | vat reg no | vat reg # | vat registration number | vat registration no | gb vat # | vat id no | ust-idnr | ust-id | ust-id-nr | ust-id nr | ustid | ust id | umsatzsteuer-id | umsatzsteuer-identifikationsnummer | n tva | no tva | numero de tva | tva intracommunautaire | n tva intracommunautaire | nif | nif/cif | cif | numero de iva | partita iva | p iva | piva | numero di partita iva
TAX_PAYER_ID id | tax id | tax id # | tax id no | tax id number | tax payer id | taxpayer id | federal tax id | federal tax id # | tin | ein | fein | steuernummer | steuer-nr | siret | siren | codice fiscale | tax registration number
SUBTOTAL money | subtotal | sub-total | sub total | item subtotal | items subtotal | item subtotal before tax | items subtotal before tax | item s subtotal | subtotal before tax | total before tax | item subtotal excl vat | item subtotal excluding vat | subtotal excl vat | subtotal excluding vat | total excl vat | total excluding vat | total ex vat | total net | net total | net amount | net subtotal | merchandise total | goods total | total of goods | products | nettobetrag | netto | gesamt netto | summe netto | nettosumme | warenwert | warenwert netto | artikelsumme | zwischensumme | zwischensumme ohne ust | zwischensumme netto | zwischensumme ohne mwst | summe artikel | sous-total | sous-total ht | sous total | total ht | total hors taxes | montant ht | total hors tva | subtotal sin iva | base imponible | total sin iva | subtotale | imponibile | totale imponibile | totale netto
SHIPPING_HANDLING_CHARGE money | shipping & handling | shipping and handling | shipping | shipping charge | shipping charges | shipping cost | shipping & handling excl vat | shipping charges excl vat | handling | freight | carriage | delivery | delivery charge | delivery charges | delivery excl vat | postage & packing | postage and packing | postage & packaging | p&p | versand | versandkosten | versandkosten netto | verpackung & versand | versand & verpackung | verpackung und versand | versand und verpackung | lieferkosten | frachtkosten | frais de port | frais d'expedition | frais dexpedition | frais de livraison | livraison | port | expedition | gastos de envio | envio | spedizione | spese di spedizione | costi di spedizione
DISCOUNT money | promos & discounts | promotions & discounts | promos and discounts | promotions and discounts | promotion | promotions | promotion applied | promotions applied | promo | discount | discounts | less discount | total discount | savings | coupon | voucher | rabatt | rabatte | nachlass | preisnachlass | aktionen & rabatte | aktionen und rabatte | gutscheine & rabatte | gutschein | aktion | aktionsrabatt | remise | remises | promotions et remises | reduction | reductions | descuento | descuentos | promociones y descuentos | sconto | sconti | promozioni
TAX money | tax | taxes | total tax | tax total | tax amount | sales tax | estimated tax | tax collected | tax to be collected | state tax | vat | total vat | vat total | vat amount | vat subtotal | ust | mwst | gesamt ust | ust gesamt | ust-betrag | mwst-betrag | mehrwertsteuer | umsatzsteuer | zzgl ust | zzgl mwst | zzgl umsatzsteuer | steuer | steuerbetrag | summe ust | summe mwst | tva | total tva | montant tva | montant de la tva | iva | total iva | importe iva | totale iva | importo iva | gst | hst | pst | qst | gst/hst | total gst | total gst/hst
TOTAL money | total | grand total | invoice total | total invoice | order total | total amount | total payable | total incl vat | total including vat | total incl tax | total including tax | total inc vat | invoice amount | amount | credit total | total credit | credit memo total | total credit amount | credit amount | refund total | total refund | refund amount | gesamt | gesamtbetrag | gesamtsumme | gesamtpreis | summe | summe brutto | bruttobetrag | gesamt brutto | rechnungsbetrag | rechnungssumme | rechnungsbetrag brutto | endbetrag | endsumme | gutschriftsbetrag | gutschriftbetrag | gesamtbetrag inkl ust | gesamtbetrag inkl mwst | gesamt inkl ust | gesamt inkl mwst | total ttc | montant total | montant ttc | total toutes taxes comprises | montant total ttc | total factura | importe total | total con iva | totale | totale fattura | totale da pagare | importo totale | total de la facture
AMOUNT_DUE money | amount due | total amount due | total due | balance due | amount payable | balance | amount to pay | please pay | amount credited | zu zahlen | zahlbetrag | zu zahlender betrag | offener betrag | falliger betrag | noch zu zahlen | net a payer | montant du | montant a payer | solde | reste a payer | importe a pagar | total a pagar | importo dovuto | da pagare
AMOUNT_PAID money | amount paid | paid | total paid | payments | payment received | bezahlt | bereits bezahlt | montant paye | pagado | pagato
PRIOR_BALANCE money | prior balance | previous balance
GRATUITY money | gratuity | tip
SERVICE_CHARGE money | service charge | service fee | servicegebuhr
VENDOR_NAME text | sold by | seller | vendor | vendor name | supplier | issued by | invoice issued by | verkauft von | verkaufer | lieferant | aussteller | rechnungssteller | ausgestellt von | vendu par | vendeur | fournisseur | vendido por | vendedor | venduto da | venditore
VENDOR_URL text | website | web
VENDOR_PHONE id | phone | tel | telephone | telefon | telefono
OTHER text | order # | order no | order number | order id | amazon order # | amazon order number | amazon order no | order | bestellnummer | bestell-nr | bestellung | bestellung nr | auftragsnummer | numero de commande | numero de la commande | commande n | n de commande | commande | numero de pedido | pedido | numero ordine | numero dell'ordine | ordine | original invoice # | original invoice | original invoice no | original invoice number | original invoice date | related invoice | related invoice # | reference invoice | reference invoice # | invoice reference # | credit for invoice | credit for invoice # | for invoice | for invoice # | to invoice | corrects invoice | corrects invoice # | against invoice | against invoice # | associated invoice | associated invoice # | refers to invoice | original tax invoice | ursprungliche rechnung | ursprungliche rechnungsnummer | originalrechnung | zu rechnung | zur rechnung | zu rechnung nr | gutschrift zu rechnung | rechnung vom | bezug rechnung | facture d'origine | facture dorigine | facture originale | factura original | fattura originale | purchased by | ordered by | requested by | requisitioner | bestellt von | commande par | gl code | gl account | cost center | cost centre | kostenstelle | department | project code | asin | page | payment method | payment reference | zahlungsart | currency | wahrung | iban | bic | swift | bank account # | bank account | routing # | routing number | sort code | aba # | invoice type | invoice status | business name | registration number | company registration number | hrb | vat rate | tax rate | exchange rate | vat due | invoice period | billing period | statement period | return date | reason | number of items | shipment date | tracking #
"""

# Whose name and address stand under a heading.
_PARTIES = """
RECEIVER_BILL_TO | bill to | billed to | billing address | bill-to | invoice to | invoice address | invoiced to | rechnungsadresse | rechnungsanschrift | rechnung an | rechnungsempfanger | adresse de facturation | facture a | factura a | direccion de facturacion | indirizzo di fatturazione | fatturare a | registered business name | registered business
RECEIVER_SHIP_TO | ship to | shipped to | ship-to | shipping address | delivery address | deliver to | delivered to | lieferadresse | lieferanschrift | lieferung an | versandadresse | adresse de livraison | livre a | livraison a | direccion de envio | direccion de entrega | enviar a | indirizzo di spedizione | indirizzo di consegna | spedire a
RECEIVER_SOLD_TO | sold to | customer | kunde | client | cliente | acheteur | buyer | kaufer
VENDOR_REMIT_TO | remit to | remit payment to | remittance address | send payment to | pay to | payable to | make payment to | zahlung an | zahlungsempfanger | uberweisen an | bankverbindung | paiement a | pagar a | pagare a | pay by
VENDOR_SUPPLIER | sold by | seller | vendor | supplier | issued by | invoice issued by | from | verkauft von | verkaufer | lieferant | aussteller | rechnungssteller | ausgestellt von | vendu par | vendeur | vendido por | venduto da
"""

# What a column holds. Types that a line of the service has no name for are in small letters.
_COLUMNS = """
ITEM | description | item | items | item description | product | products | product description | description of goods | goods | article | articles | item details | product details | details | product name | service | beschreibung | artikel | artikelbeschreibung | bezeichnung | artikelbezeichnung | produkt | produktbeschreibung | position / beschreibung | designation | libelle | produit | descripcion | articulo | producto | concepto | descrizione | articolo | prodotto
QUANTITY | qty | quantity | qty shipped | quantity shipped | shipped qty | quantity ordered | qty ordered | units | no of units | ordered | shipped | menge | anzahl | anz | stuck | stk | qte | quantite | cant | cantidad | uds | qta | quantita
UNIT_PRICE | unit price | price | price each | each | unit cost | price per unit | price/unit | item price | cost | unit price excl vat | unit price incl vat | unit price excluding vat | unit price including vat | unit price ex vat | unit price net | unit price before tax | net unit price | net price | stuckpreis | einzelpreis | einzelpreis netto | stuckpreis netto | stuckpreis ohne ust | stuckpreis inkl ust | stuckpreis exkl ust | einzelpreis ohne ust | einzelpreis inkl ust | e-preis | preis | preis/einheit | preis/stk | preis/stuck | preis pro stuck | prix unitaire | prix unitaire ht | prix unitaire ttc | pu ht | pu | prix | precio unitario | precio | precio unidad | prezzo unitario | prezzo | pvp
PRICE | amount | total | line total | item total | line amount | net amount | net | subtotal | item subtotal | item subtotal before tax | item subtotal excl vat | item subtotal incl vat | item subtotal excluding vat | item subtotal including vat | subtotal before tax | subtotal excl vat | total excl vat | total incl vat | total price | total before tax | extended price | ext price | extension | extended amount | ext amount | total net | net total | line total excl vat | amount excl vat | amount excluding vat | betrag | betrag netto | gesamt | gesamt netto | gesamtpreis | gesamtpreis netto | gesamtbetrag | zwischensumme | zwischensumme ohne ust | zwischensumme inkl ust | zwischensumme netto | nettobetrag | netto | summe | gesamt ohne ust | gesamt inkl ust | montant | montant ht | total ht | total ttc | sous-total | sous-total ht | prix total | prix total ht | importe | total sin iva | importo | totale | subtotale | credit | credit amount | refund amount | refund | gutschriftbetrag
PRODUCT_CODE | asin | sku | item # | item no | item number | item code | product code | product # | code | part # | part no | part number | catalog # | catalogue no | artikelnummer | artikel-nr | artikelnr | art-nr | art nr | reference | ref | referencia | codigo | codice | codice articolo
tax | tax | tax rate | tax % | vat | vat rate | vat % | tax amount | vat amount | vat subtotal | sales tax | gst | rate | rate % | ust | ust % | ust-satz | ust satz | mwst | mwst % | mwst-satz | steuersatz | steuer | ust-betrag | mwst-betrag | tva | taux tva | taux de tva | tva % | montant tva | iva | iva % | tipo iva | aliquota iva | aliquota
discount | discount | disc | promotion | rabatt | remise | descuento | sconto | discounts
shipping | shipping | delivery | versand | port
order | order # | order | order no | order number | order id | amazon order # | bestellnummer | bestellung | bestell-nr | commande | n de commande | pedido | ordine | po # | po number | po | order # / asin | asin / order # | order date
position | # | no | line | ln | pos | position | nr | n | line # | line no | ligne | linea | riga
date | date | ship date | datum | shipped on | delivery date | lieferdatum | fecha | data
unit | unit | uom | einheit | unite | unidad | unita | condition | zustand
seller | sold by | seller | verkaufer | verkauft von | vendeur
"""


@dataclass(frozen=True, slots=True)
class Label:
    """What a phrase announces. `kind`: date, money, id, text or party."""

    type: str
    kind: str
    length: int


class Labels:
    """Phrases by their first word; the longest that fits wins."""

    def __init__(self) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}

    def add(self, type_: str, kind: str, phrase: str) -> None:
        """One more."""
        words = tuple(phrase.replace("'", "").split())
        self._by_first.setdefault(words[0], []).append((words, type_, kind))

    def sort(self) -> None:
        """The longest of each first word comes first."""
        for group in self._by_first.values():
            group.sort(key=lambda entry: -len(entry[0]))

    def at(self, part: Sequence[Token], start: int = 0) -> Label | None:
        """The longest label that begins with this token."""
        if start >= len(part):
            return None
        for words, type_, kind in self._by_first.get(part[start].plain, ()):
            end = start + len(words)
            if end <= len(part) and all(
                token.plain == word for token, word in zip(part[start:end], words, strict=True)
            ):
                return Label(type_, kind, len(words))
        return None

    def whole(self, part: Sequence[Token]) -> Label | None:
        """The label that all the tokens are, if they are one."""
        found = self.at(part)
        return found if found and found.length == len(part) else None


def _read(text: str, kind: str | None = None) -> Labels:
    labels = Labels()
    for row in text.strip().splitlines():
        head, *phrases = (cell.strip() for cell in row.split("|"))
        type_, _, own_kind = head.partition(" ")
        for phrase in phrases:
            labels.add(type_, kind or own_kind, phrase)
    labels.sort()
    return labels


SUMMARY = _read(_SUMMARY)
PARTIES = _read(_PARTIES, "party")
COLUMNS = _read(_COLUMNS, "column")
SUMS = frozenset({"SUBTOTAL", "TAX", "TOTAL", "AMOUNT_DUE", "AMOUNT_PAID"})
