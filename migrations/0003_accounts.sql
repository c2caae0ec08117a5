-- Goes up with each change of the password. A session that was signed in with an older one is worth nothing, even one that was
-- being made while the password changed.
alter table users add column password_version bigint not null default 1;

-- <shop>
-- The cart that a user has left behind at sign-out, until the next sign-in takes it up.
create table saved_cart_lines (
    user_id text not null,
    product_id bigint not null,
    quantity bigint not null,
    -- As the user has seen them: what is another price by then is told, and what is gone has still a name.
    name text not null,
    price_cents bigint not null,
    -- The order of choosing.
    position bigint not null,
    constraint saved_cart_lines_pkey primary key (user_id, product_id),
    -- Who is gone leaves nothing behind. The product is not referred to: it may vanish, as from any cart.
    constraint saved_cart_lines_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint saved_cart_lines_quantity check (quantity between 1 and 99)
);
-- </shop>
