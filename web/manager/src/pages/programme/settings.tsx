/** Terms, member documents, cases, enrolment, the store. */
import ColumnLayout from "@cloudscape-design/components/column-layout";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { countryName, languageName } from "@shared/shown";
import { useWholeDraft } from "../../draft";
import { PageFrame } from "../../parts/DetailPage";
import { DraftSection } from "../../parts/DraftSection";
import { AreaField, ChoiceField, MoneyField, NumberField, TextField, ToggleField } from "../../parts/Form";
import { ListField } from "../../parts/ListField";
import { MapRows } from "../../parts/Rows";
import type { Casework, Documents, Enrolment, Store, Terms, Tiers } from "./document";

export default function Settings() {
  return (
    <PageFrame title="Terms and settings" description="What members accept and get, how soon cases are answered, how one becomes a member, where the store is.">
      <SpaceBetween size="l">
        <TermsSection />
        <DocumentsSection />
        <CaseworkSection />
        <EnrolmentSection />
        <NotificationsSection />
        <StoreSection />
      </SpaceBetween>
    </PageFrame>
  );
}

function TermsSection() {
  return (
    <DraftSection<Terms> section="terms" title="Terms" description="A new version is accepted again at the next sign-in. The languages of these texts are those that members are spoken to in.">
      {(value, set, readOnly) => (
        <SpaceBetween size="l">
          <ColumnLayout columns={2}>
            <TextField name="terms.version" label="Version" value={value.version} onChange={(version) => set({ version })} disabled={readOnly} constraint="Change it when members have to accept again." />
            <TextField name="terms.url" label="Address of the full terms" value={value.url} onChange={(url) => set({ url })} disabled={readOnly} />
          </ColumnLayout>
          <MapRows<string>
            value={value.text}
            onChange={(text) => set({ text })}
            fresh={() => ["", ""]}
            add="Add a language"
            noun="language"
            disabled={readOnly}
            empty="Members need terms in one language at least."
            draw={([language, text], put) => (
              <>
                <TextField name={`terms.text.${language}.[key]`} label="Language" placeholder="en" value={language} onChange={(next) => put([next, text])} disabled={readOnly} constraint={/^[a-z]{2}$/.test(language) ? languageName(language) : ""} />
                <AreaField name={`terms.text.${language}`} label="In short" value={text} rows={3} onChange={(next) => put([language, next])} disabled={readOnly} />
              </>
            )}
          />
        </SpaceBetween>
      )}
    </DraftSection>
  );
}

function DocumentsSection() {
  return (
    <DraftSection<Documents> section="documents" title="Member documents" description="What a member gets for an order. A tax invoice needs a seller of record and what the tax is on.">
      {(value, set, readOnly) => {
        const seller = (fields: Partial<Documents["seller"]>) => set({ seller: { ...value.seller, ...fields } });
        const tax = (fields: Partial<Documents["tax"]>) => set({ tax: { ...value.tax, ...fields } });
        return (
          <ColumnLayout columns={2}>
            <ChoiceField name="documents.member_document" label="Kind" value={value.member_document} onChange={(member_document) => set({ member_document })} disabled={readOnly} options={[{ value: "receipt", label: "Receipt" }, { value: "tax_invoice", label: "Tax invoice" }]} />
            <TextField name="documents.seller.name" label="Seller" value={value.seller.name ?? ""} onChange={(name) => seller({ name: name || null })} disabled={readOnly} />
            <ListField name="documents.seller.address" label="Seller's address" value={value.seller.address} onChange={(address) => seller({ address })} disabled={readOnly} constraint="At most six lines." />
            <ListField name="documents.seller.registrations" label="Registrations" value={value.seller.registrations} onChange={(registrations) => seller({ registrations })} disabled={readOnly} constraint="What the law wants to see below a letter, a line each." />
            <TextField name="documents.tax.registration" label="Tax registration" value={value.tax.registration ?? ""} onChange={(registration) => tax({ registration: registration || null })} disabled={readOnly} />
            <ChoiceField name="documents.tax.base" label="The tax is on" value={value.tax.base ?? ""} onChange={(base) => tax({ base: base || null })} disabled={readOnly} options={[{ value: "", label: "not decided" }, { value: "money_paid", label: "the money that is paid" }, { value: "whole_price", label: "the whole price, points and all" }]} />
            <NumberField name="documents.tax.rate_basis_points" label="Tax rate, in hundredths of a percent" value={value.tax.rate_basis_points} onChange={(rate_basis_points) => tax({ rate_basis_points })} disabled={readOnly} />
            <MapRows<string>
              value={value.tax.names}
              onChange={(names) => tax({ names })}
              fresh={() => ["", ""]}
              add="Add what the tax is called"
              noun="name of the tax"
              disabled={readOnly}
              empty="The tax has no name of its own in any language."
              draw={([language, name], put) => (
                <>
                  <TextField name={`documents.tax.names.${language}.[key]`} label="Language" placeholder="de" value={language} onChange={(next) => put([next, name])} disabled={readOnly} />
                  <TextField name={`documents.tax.names.${language}`} label="Name of the tax" value={name} onChange={(next) => put([language, next])} disabled={readOnly} />
                </>
              )}
            />
          </ColumnLayout>
        );
      }}
    </DraftSection>
  );
}

function CaseworkSection() {
  return (
    <DraftSection<Casework> section="casework" title="Cases" description="How soon members are answered, and what one person may decide alone.">
      {(value, set, readOnly) => (
        <ColumnLayout columns={3}>
          <NumberField name="casework.answer_hours" label="Answer within" suffix="hours" value={value.answer_hours} onChange={(answer_hours) => set({ answer_hours })} disabled={readOnly} />
          <NumberField name="casework.return_days" label="Time to send goods back" suffix="days" value={value.return_days} onChange={(return_days) => set({ return_days })} disabled={readOnly} />
          <NumberField name="casework.goodwill_monthly_points" label="Goodwill of one agent in a month" suffix="points" value={value.goodwill_monthly_points} onChange={(goodwill_monthly_points) => set({ goodwill_monthly_points })} disabled={readOnly} />
          <NumberField name="casework.refund_limit_points" label="Refund without a second person" suffix="points" value={value.refund_limit_points} onChange={(refund_limit_points) => set({ refund_limit_points })} disabled={readOnly} />
          <MoneyField name="casework.refund_limit_minor" label="Refund without a second person" value={value.refund_limit_minor} onChange={(refund_limit_minor) => set({ refund_limit_minor })} disabled={readOnly} />
          <NumberField name="casework.accrual_limit_points" label="Missing purchase without a second person" suffix="points" value={value.accrual_limit_points} onChange={(accrual_limit_points) => set({ accrual_limit_points })} disabled={readOnly} />
        </ColumnLayout>
      )}
    </DraftSection>
  );
}

function EnrolmentSection() {
  const tiers = (useWholeDraft().data?.document["tiers"] as Tiers | undefined)?.levels ?? [];
  return (
    <DraftSection<Enrolment> section="enrolment" title="Becoming a member">
      {(value, set, readOnly) => {
        const amount = (name: "code_minutes" | "code_failures" | "lock_hours" | "codes_per_day" | "addresses_per_member", label: string, suffix: string) => (
          <NumberField name={`enrolment.${name}`} label={label} suffix={suffix} value={value[name]} onChange={(next) => set({ [name]: next })} disabled={readOnly} />
        );
        return (
          <ColumnLayout columns={3}>
            <ToggleField name="enrolment.open_enrolment" label="Whoever signs in becomes a member" hint="Else a membership that the company brought is claimed." value={value.open_enrolment} onChange={(open_enrolment) => set({ open_enrolment })} disabled={readOnly} />
            <ChoiceField name="enrolment.default_tier" label="First tier" value={value.default_tier} onChange={(default_tier) => set({ default_tier })} disabled={readOnly} options={tiers.map(({ code, names }) => ({ value: code, label: names["en"] ?? code }))} />
            {amount("code_minutes", "A code is good for", "minutes")}
            {amount("code_failures", "Wrong tries", "tries")}
            {amount("lock_hours", "Locked after them for", "hours")}
            {amount("codes_per_day", "Codes in a day", "codes")}
            {amount("addresses_per_member", "Addresses of a member", "addresses")}
          </ColumnLayout>
        );
      }}
    </DraftSection>
  );
}

function NotificationsSection() {
  return (
    <DraftSection<{ order_sms_by_default: boolean }> section="notifications" title="Notifications" description="Members choose for themselves; this is for those who have not.">
      {(value, set, readOnly) => (
        <ToggleField name="notifications.order_sms_by_default" label="Text messages about orders" value={value.order_sms_by_default} onChange={(order_sms_by_default) => set({ order_sms_by_default })} disabled={readOnly} />
      )}
    </DraftSection>
  );
}

function StoreSection() {
  return (
    <DraftSection<Store> section="store" title="Store" description="The one Amazon store of the programme. Store and currency stand once anybody has redeemed.">
      {(value, set, readOnly) => (
        <ColumnLayout columns={2}>
          <TextField name="store.region" label="Store" value={value.region} onChange={(region) => set({ region: region.toUpperCase() })} disabled={readOnly} constraint={/^[A-Z]{2}$/.test(value.region) ? countryName(value.region) : "Two letters, like US"} />
          <TextField name="store.currency" label="Currency" value={value.currency} onChange={(currency) => set({ currency: currency.toUpperCase() })} disabled={readOnly} />
          <TextField name="store.locale" label="Amazon's locale" value={value.locale} onChange={(locale) => set({ locale })} disabled={readOnly} constraint="Like en_US" />
          <ListField name="store.delivery_countries" label="Countries that parcels go to" value={value.delivery_countries} onChange={(delivery_countries) => set({ delivery_countries: delivery_countries.map((code) => code.toUpperCase()) })} disabled={readOnly} constraint="Two letters each, a line for each." />
        </ColumnLayout>
      )}
    </DraftSection>
  );
}
