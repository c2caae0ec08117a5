create table orders (
    id text not null,
    user_id text not null,
    -- From the form that placed it: sent twice it is still one order.
    token text not null,
    -- Seconds since 1970.
    placed_at bigint not null,
    total_cents bigint not null,
    constraint orders_pkey primary key (id),
    constraint orders_token_key unique (user_id, token),
    constraint orders_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint orders_total check (total_cents >= 0)
);

-- A user's orders are listed, the latest first.
create index orders_user on orders (user_id, placed_at, id);

-- Names and prices as they were when the order was placed: the catalogue goes on without it.
create table order_lines (
    order_id text not null,
    -- The order of choosing.
    position bigint not null,
    product_id bigint not null,
    name text not null,
    unit_price_cents bigint not null,
    quantity bigint not null,
    constraint order_lines_pkey primary key (order_id, product_id),
    constraint order_lines_order_fkey foreign key (order_id) references orders (id) on delete cascade,
    constraint order_lines_quantity check (quantity between 1 and 99)
);
