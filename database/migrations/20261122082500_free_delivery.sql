-- Whether the delivery of a quote is on the programme because of the member's level; tax stays in the price.
alter table redemptions.quote add column delivery_free boolean not null default false;
