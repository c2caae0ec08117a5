-- Accounts. Ids are made by the app (UUIDs as text), so that no engine's way of counting is needed.
create table users (
    id text not null,
    name text not null,
    -- In lower case: two addresses that differ in case only are one account.
    email text not null,
    -- PHC string; the parameters travel with the hash, so that they can be raised.
    password_hash text not null,
    -- Seconds since 1970.
    created_at bigint not null,
    constraint users_pkey primary key (id),
    constraint users_email_key unique (email),
    constraint users_email_lower check (email = lower(email))
);
