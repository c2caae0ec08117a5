//! Which code each fold shows. The build script reads this table too. A new fold is an entry here, and `<HowItWorks page="…" />` on its
//! page; an item that is not there stops the build.

/// One fold.
#[derive(Clone, Copy, Debug)]
pub struct Fold {
    /// The name by which its page asks for it.
    pub page: &'static str,
    /// Where that page is.
    pub path: &'static str,
    /// What the code does.
    pub about: &'static str,
    /// Files from the root of the repository, each with the items to show: about twenty lines in all.
    pub code: &'static [(&'static str, &'static [&'static str])],
}

/// All folds.
pub const TABLE: &[Fold] = &[
    // <shop>
    Fold {
        page: "catalog",
        path: "/",
        about: "What is shown is found on the server, also by a search without JavaScript. \u{201c}Add to cart\u{201d} is a form that calls \
                a function by its name.",
        code: &[
            ("app/src/catalog/api.rs", &["fn list_products"]),
            ("app/src/cart/api.rs", &["fn add_to_cart"]),
        ],
    },
    Fold {
        page: "cart",
        path: "/cart",
        about: "The cart is one value of the session. Each change is made to the newest one, so that two tabs never lose each other's.",
        code: &[
            ("app/src/cart/store.rs", &["impl SessionValue for Cart", "fn change"]),
            ("app/src/cart/model.rs", &["Cart::add"]),
        ],
    },
    // </shop>
    Fold {
        page: "visits",
        path: "/visits",
        about: "A type says under which key it is kept; a server function updates it. The session needs to know nothing else.",
        code: &[
            ("app/src/visits/store.rs", &["impl SessionValue for Visits"]),
            ("app/src/visits/api.rs", &["fn record_visit"]),
        ],
    },
    Fold {
        page: "theme",
        path: "/visits",
        about: "The theme in the header is kept in the same way: text from a form is parsed into a type, and the type is kept.",
        code: &[
            ("app/src/preferences/store.rs", &["impl SessionValue for Theme"]),
            ("app/src/preferences/api.rs", &["fn set_theme"]),
        ],
    },
    Fold {
        page: "session",
        path: "/session",
        about: "Any value under any key is kept in one map, a value of the session like every other. \u{201c}Remember me\u{201d} \
                is kept with the session, so that later writes leave it alone.",
        code: &[
            ("app/src/explorer/store.rs", &["impl SessionValue for Notes"]),
            ("app/src/explorer/api.rs", &["fn set_value", "fn remember_session"]),
        ],
    },
    Fold {
        page: "cookies",
        path: "/cookies",
        about: "A cookie is a header of the answer. What is signed carries a code over its name and its value, which only the server \
                can make.",
        code: &[("app/src/cookies/store.rs", &["CookieLab::text", "CookieLab::cookie", "CookieJar::put"])],
    },
    Fold {
        page: "login",
        path: "/login",
        about: "Who signs in gets a new session id with the data kept, so that an id which somebody else knows is worth nothing.",
        code: &[("app/src/auth/sign_in.rs", &["fn enter"])],
    },
];
