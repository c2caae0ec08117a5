-- How many are left. The constraint is the last word on it: never more is sold than there is.
alter table products add column stock bigint not null default 0 constraint products_stock check (stock >= 0);
update products set stock = 1000;
update products set stock = 3 where id = 3;
update products set stock = 8 where id = 11;

-- The catalogue is sorted by price; by name there is an index already.
create index products_price on products (price_cents, id);
