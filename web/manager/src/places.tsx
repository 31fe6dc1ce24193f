/** Every page: where it is, how the side navigation names it, which route must be allowed for it, what draws it. */
import { type ComponentType, lazy } from "react";
import { type AllowedRoute, may } from "./may";

/** The side navigation's groups, in its order. */
export const GROUPS = ["Work", "Members", "Programme", "Catalogue", "Demand", "Campaigns", "Money", "Reports", "Records"] as const;

export type Place = {
  path: string;
  label: string;
  /** Absent: the page is reached from another one. */
  group?: (typeof GROUPS)[number];
  /** Who may ask for this may see the page. */
  needs: AllowedRoute;
  page: ComponentType;
};

export const PLACES: readonly Place[] = [
  // Work
  { path: "/queue", label: "Queue", group: "Work", needs: "GET /cases", page: lazy(() => import("./pages/queue/queue")) },
  { path: "/cases/:id", label: "Case", needs: "GET /cases/{case_id}", page: lazy(() => import("./pages/queue/case")) },
  // Members
  { path: "/members", label: "Members", group: "Members", needs: "GET /members", page: lazy(() => import("./pages/members/members")) },
  { path: "/orders", label: "Orders", group: "Members", needs: "GET /redemptions", page: lazy(() => import("./pages/orders/orders")) },
  { path: "/adjustments", label: "Points by hand", group: "Members", needs: "GET /adjustments", page: lazy(() => import("./pages/members/adjustments")) },
  { path: "/merges", label: "Merges", group: "Members", needs: "GET /merges", page: lazy(() => import("./pages/members/merges")) },
  { path: "/members/:number", label: "Member", needs: "GET /members/{member_number}/overview", page: lazy(() => import("./pages/members/member")) },
  { path: "/members/:number/statement", label: "Statement", needs: "GET /members/{member_number}/statement", page: lazy(() => import("./pages/members/statement")) },
  { path: "/members/:number/merge", label: "Merge", needs: "GET /members/{member_number}/merge-preview", page: lazy(() => import("./pages/members/merge")) },
  { path: "/orders/:id", label: "Order", needs: "GET /redemptions/{redemption_id}", page: lazy(() => import("./pages/orders/order")) },
  { path: "/privacy/requests", label: "Privacy requests", group: "Members", needs: "GET /privacy/requests", page: lazy(() => import("./pages/privacy/requests")) },
  { path: "/privacy/requests/:id", label: "Privacy request", needs: "GET /privacy/requests/{request_id}", page: lazy(() => import("./pages/privacy/request")) },
  // Programme
  { path: "/programme", label: "Overview", group: "Programme", needs: "GET /programme", page: lazy(() => import("./pages/programme/overview")) },
  { path: "/programme/brand", label: "Brand", group: "Programme", needs: "GET /programme/draft", page: lazy(() => import("./pages/brand/brand")) },
  { path: "/programme/messages", label: "Messages", group: "Programme", needs: "GET /programme/messages", page: lazy(() => import("./pages/messages/messages")) },
  { path: "/programme/messages/:key", label: "Message", needs: "GET /programme/messages", page: lazy(() => import("./pages/messages/message")) },
  { path: "/programme/points", label: "Points policy", group: "Programme", needs: "GET /programme/draft", page: lazy(() => import("./pages/programme/points")) },
  { path: "/programme/prices", label: "Prices in points", group: "Programme", needs: "GET /programme/draft", page: lazy(() => import("./pages/programme/prices")) },
  { path: "/tiers", label: "Tiers", group: "Programme", needs: "GET /programme/draft", page: lazy(() => import("./pages/tiers/tiers")) },
  { path: "/programme/screening", label: "Screening rules", group: "Programme", needs: "GET /programme/draft", page: lazy(() => import("./pages/programme/screening")) },
  { path: "/programme/settings", label: "Terms and settings", group: "Programme", needs: "GET /programme/draft", page: lazy(() => import("./pages/programme/settings")) },
  { path: "/switches", label: "Switches", group: "Programme", needs: "GET /features", page: lazy(() => import("./pages/switches/switches")) },
  { path: "/programme/ahead", label: "Look ahead", group: "Programme", needs: "GET /programme/simulations", page: lazy(() => import("./pages/simulate/ahead")) },
  { path: "/programme/ahead/:id", label: "A look ahead", needs: "GET /programme/simulations/{simulation_id}", page: lazy(() => import("./pages/simulate/one")) },
  { path: "/programme/publish", label: "Review and publish", group: "Programme", needs: "GET /programme/draft", page: lazy(() => import("./pages/programme/publish")) },
  { path: "/programme/history", label: "History", group: "Programme", needs: "GET /programme/versions", page: lazy(() => import("./pages/programme/history")) },
  { path: "/programme/history/:version", label: "Version", needs: "GET /programme/versions/{version}", page: lazy(() => import("./pages/programme/version")) },
  // Catalogue
  { path: "/catalogue/products", label: "Products", group: "Catalogue", needs: "GET /catalogue/products", page: lazy(() => import("./pages/catalogue/products")) },
  { path: "/catalogue/products/:asin", label: "Product", needs: "GET /catalogue/products/{asin}", page: lazy(() => import("./pages/catalogue/product")) },
  { path: "/catalogue/search", label: "Search Amazon", group: "Catalogue", needs: "GET /catalogue/search", page: lazy(() => import("./pages/catalogue/search")) },
  { path: "/catalogue/featured", label: "Featured order", group: "Catalogue", needs: "GET /catalogue/featured", page: lazy(() => import("./pages/catalogue/featured")) },
  { path: "/catalogue/rules", label: "Rules", group: "Catalogue", needs: "POST /catalogue/preview", page: lazy(() => import("./pages/catalogue/rules")) },
  { path: "/catalogue/categories", label: "Categories", group: "Catalogue", needs: "GET /catalogue/categories", page: lazy(() => import("./pages/catalogue/categories")) },
  { path: "/catalogue/changes", label: "Changes", group: "Catalogue", needs: "GET /catalogue/changes", page: lazy(() => import("./pages/catalogue/changes")) },
  // Demand
  { path: "/demand/forecast", label: "Forecast", group: "Demand", needs: "GET /demand/forecast", page: lazy(() => import("./pages/demand/forecast")) },
  { path: "/demand/forecast/:asin", label: "Forecast of a product", needs: "GET /demand/forecast/{asin}", page: lazy(() => import("./pages/demand/product")) },
  { path: "/demand/risks", label: "Out-of-stock risks", group: "Demand", needs: "GET /demand/outlooks", page: lazy(() => import("./pages/demand/risks")) },
  { path: "/demand/trends", label: "Trends", group: "Demand", needs: "GET /demand/trends", page: lazy(() => import("./pages/demand/trends")) },
  { path: "/demand/health", label: "Model health", group: "Demand", needs: "GET /demand/health", page: lazy(() => import("./pages/demand/health")) },
  // Integrations
  { path: "/integrations", label: "Integrations", group: "Programme", needs: "GET /integrations", page: lazy(() => import("./pages/integrations/overview")) },
  { path: "/integrations/settings", label: "Settings of integrations", needs: "GET /programme/draft", page: lazy(() => import("./pages/integrations/settings")) },
  { path: "/integrations/deliveries", label: "Delivery log", group: "Records", needs: "GET /integrations/deliveries", page: lazy(() => import("./pages/integrations/deliveries")) },
  { path: "/integrations/deliveries/:id", label: "Delivery", needs: "GET /integrations/deliveries/{delivery_id}", page: lazy(() => import("./pages/integrations/delivery")) },
  { path: "/privacy/retention", label: "How long what is kept", group: "Records", needs: "GET /privacy/retention", page: lazy(() => import("./pages/privacy/retention")) },
  // Campaigns
  { path: "/campaigns", label: "Campaigns", group: "Campaigns", needs: "GET /campaigns", page: lazy(() => import("./pages/campaigns/campaigns")) },
  { path: "/audiences", label: "Audiences", group: "Campaigns", needs: "GET /programme/draft", page: lazy(() => import("./pages/campaigns/audiences")) },
  { path: "/campaigns/new", label: "New campaign", needs: "PUT /programme/draft/{section}", page: lazy(() => import("./pages/campaigns/editor")) },
  { path: "/campaigns/:code", label: "Campaign", needs: "GET /campaigns/{campaign}", page: lazy(() => import("./pages/campaigns/campaign")) },
  { path: "/campaigns/:code/edit", label: "Edit campaign", needs: "GET /programme/draft", page: lazy(() => import("./pages/campaigns/editor")) },
  // Amazon's invoices
  { path: "/invoices", label: "Invoices", group: "Money", needs: "GET /invoices", page: lazy(() => import("./pages/invoices/invoices")) },
  { path: "/invoices/mails", label: "Invoice mail", group: "Money", needs: "GET /invoices/mails", page: lazy(() => import("./pages/invoices/mails")) },
  { path: "/invoices/months", label: "Invoices by month", group: "Money", needs: "GET /invoices/months", page: lazy(() => import("./pages/invoices/months")) },
  { path: "/invoices/months/:month", label: "Month", needs: "GET /invoices/months/{month}", page: lazy(() => import("./pages/invoices/month")) },
  { path: "/close", label: "Month close", group: "Money", needs: "GET /finance/months/{month}/close", page: lazy(() => import("./pages/close/close")) },
  { path: "/close/lots/:number/:lot", label: "Lot", needs: "GET /finance/members/{member_number}/lots/{lot}", page: lazy(() => import("./pages/close/lot")) },
  { path: "/erp/documents", label: "ERP deliveries", group: "Money", needs: "GET /erp/documents", page: lazy(() => import("./pages/erp/documents")) },
  { path: "/erp/documents/:id", label: "ERP delivery", needs: "GET /erp/documents/{document_id}", page: lazy(() => import("./pages/erp/document")) },
  { path: "/invoices/rules", label: "Invoice rules", group: "Money", needs: "GET /programme/draft", page: lazy(() => import("./pages/invoices/rules")) },
  { path: "/invoices/:id", label: "Invoice", needs: "GET /invoices/{invoice_id}", page: lazy(() => import("./pages/invoices/invoice")) },
  // Reports
  { path: "/reports", label: "Reports", group: "Reports", needs: "GET /reports", page: lazy(() => import("./pages/reports/reports")) },
  // Records
  { path: "/audit", label: "Audit log", group: "Records", needs: "GET /audit", page: lazy(() => import("./pages/audit/audit")) },
];

/** Where somebody begins: the first page that they may see. */
export const firstPlace = (): string | undefined => PLACES.find((place) => place.group && may(place.needs))?.path;
