-- The catalogue.
create table products (
    id bigint not null,
    name text not null,
    description text not null,
    -- Money is counted in whole cents; a price beyond a million euros is a slip of the finger.
    price_cents bigint not null,
    constraint products_pkey primary key (id),
    constraint products_name_key unique (name),
    constraint products_price_range check (price_cents between 0 and 100000000)
);

insert into products (id, name, description, price_cents) values
    (1, 'Canvas satchel', 'Waxed cotton, brass buckles and room for a laptop and a loaf of bread. The one that gave this place its name.', 12900),
    (2, 'Field notebook', 'Ninety-six dotted pages, sewn so that it lies flat. Takes fountain pen without a ghost on the back.', 1450),
    (3, 'Brass mechanical pencil', 'Heavy in the hand, light on the page. Takes 0.7 mm leads and ages to a warm brown.', 3900),
    (4, 'Enamel mug', 'Holds a third of a litre of anything, survives a fall on granite, and keeps a small chip as a memory.', 1650),
    (5, 'Wool travel blanket', 'Undyed wool from one flock, woven wide enough for two on a night train.', 8900),
    (6, 'Folding reading lamp', 'Warm light for forty hours, charged in one. Folds to the size of a paperback.', 5400),
    (7, 'Leather key loop', 'Vegetable-tanned, hand-stitched, and long enough to be found at the bottom of a bag.', 1900),
    (8, 'Steel water bottle', 'Three quarters of a litre, double-walled. Cold for a day, hot from breakfast to supper.', 3200),
    (9, 'Pocket multi-tool', 'Pliers, two blades, a saw and a bottle opener: nine good tools instead of thirty bad ones.', 6900),
    (10, 'Linen roll for pens', 'Eight pockets and a flap against leaks, tied with a cord. Room for the pencil too.', 2750),
    (11, 'Compass on a cord', 'Liquid-filled, luminous and right. For maps, and for knowing which window gets the morning.', 2400),
    (12, 'Tin of peppermints', 'Strong enough for a long lecture. The tin is for paper clips afterwards.', 450);
