//! Sends random requests, valid and invalid, and compares the cart with a simple model of its rules.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use crate::client::{Response, TestApp};

const CALLS: u32 = 20_000;
/// More products than a cart can have lines.
const PRODUCTS: usize = 60;

/// Pseudorandom numbers, the same in each run (Marsaglia's xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// The lines, the number of items, the total, and the product that was removed last.
type Contents = (Vec<(i64, i64)>, i64, i64, Option<i64>);

/// A field as it is sent, and its value; `None` if it must be refused.
type FieldText = (String, Option<i64>);

fn product(numbers: &mut Numbers) -> FieldText {
    const BAD: &[&str] =
        &["0", "-1", "abc", "", "1.5", "999", "99999999999999999999", "1%00", "%F0%9F%8E%92"];
    if numbers.below(8) == 0 {
        return (BAD[numbers.below(BAD.len())].to_owned(), None);
    }
    // Prefers the first products, so that quantities reach their limit.
    let range = if numbers.below(2) == 0 { 4 } else { PRODUCTS };
    let id = 1 + numbers.below(range);
    (format!("{}{id}", ["", "+", "%20"][numbers.below(3)]), Some(i64::try_from(id).unwrap()))
}

fn quantity(numbers: &mut Numbers) -> FieldText {
    const BAD: &[&str] =
        &["-1", "abc", "100", "10000000", "1.5", "1e1", "%D9%A3", "99999999999999999999999", "--1"];
    if numbers.below(6) == 0 {
        return (BAD[numbers.below(BAD.len())].to_owned(), None);
    }
    let count = numbers.below(100);
    (format!("{}{count}", ["", "%2B", "0"][numbers.below(3)]), Some(i64::try_from(count).unwrap()))
}

/// The rules: at most 99 of one product and 50 lines; the last removal can be undone.
#[derive(Default)]
struct Model {
    lines: Vec<(i64, i64)>,
    removed: Option<(usize, i64)>,
    emptied: Vec<(i64, i64)>,
}

impl Model {
    fn quantity(&self, id: i64) -> Option<i64> {
        self.lines.iter().find(|(line, _)| *line == id).map(|(_, count)| *count)
    }

    /// Returns whether the change is allowed.
    fn set(&mut self, id: i64, count: i64) -> bool {
        if !(1..=99).contains(&count) {
            return false;
        }
        match self.lines.iter().position(|(line, _)| *line == id) {
            Some(place) => self.lines[place].1 = count,
            None if self.lines.len() == 50 => return false,
            None => {
                let place = self.removed.filter(|(_, removed)| *removed == id);
                let end = self.lines.len();
                self.lines.insert(place.map_or(end, |(place, _)| place.min(end)), (id, count));
            }
        }
        self.forget();
        true
    }

    fn forget(&mut self) {
        self.removed = None;
        self.emptied.clear();
    }

    fn cart(&self, prices: &BTreeMap<i64, i64>) -> Contents {
        (
            self.lines.clone(),
            self.lines.iter().map(|(_, count)| count).sum(),
            self.lines.iter().map(|(id, count)| prices[id] * count).sum(),
            self.removed.map(|(_, id)| id),
        )
    }

    fn remove(&mut self, id: i64) {
        if let Some(place) = self.lines.iter().position(|(line, _)| *line == id) {
            self.lines.remove(place);
            self.forget();
            self.removed = Some((place, id));
        }
    }

    fn clear(&mut self) {
        if !self.lines.is_empty() {
            self.forget();
            self.emptied = std::mem::take(&mut self.lines);
        }
    }

    fn restore(&mut self) {
        if !self.emptied.is_empty() {
            self.lines = std::mem::take(&mut self.emptied);
        }
    }
}

/// Returns the path and the body of a request, and whether it must succeed.
fn step(numbers: &mut Numbers, model: &mut Model) -> (&'static str, String, bool) {
    let ((product, id), (quantity, count)) = (product(numbers), quantity(numbers));
    let both = format!("product={product}&quantity={quantity}");
    match numbers.below(512) {
        0..=1 => {
            model.clear();
            ("/api/cart/clear", both, true)
        }
        // Restores something only directly after `clear`.
        2..=3 => {
            model.restore();
            ("/api/cart/restore", both, true)
        }
        // The quantity is 1 by default. A duplicate or invalid field is refused.
        4..=64 => {
            let done = id.is_some_and(|id| model.set(id, model.quantity(id).unwrap_or(0) + 1));
            ("/api/cart/add", format!("product={product}"), done)
        }
        65..=80 => ("/api/cart/add", format!("{both}&product=1"), false),
        81..=96 => ("/api/cart/set", format!("{both}&quantity=1"), false),
        97..=104 => ("/api/cart/set", String::new(), false),
        105..=280 => {
            let done = id.zip(count).is_some_and(|(id, count)| {
                count > 0 && model.set(id, model.quantity(id).unwrap_or(0) + count)
            });
            ("/api/cart/add", both, done)
        }
        281..=480 => {
            let done = match (id, count) {
                (Some(id), Some(0)) => {
                    model.remove(id);
                    true
                }
                (Some(id), Some(count)) => model.set(id, count),
                // Removing an unknown product succeeds if its id is a number.
                (None, Some(0)) => product == "999",
                _ => false,
            };
            ("/api/cart/set", both, done)
        }
        _ => {
            let done = match id {
                Some(id) => {
                    model.remove(id);
                    true
                }
                None => product == "999",
            };
            ("/api/cart/remove", format!("{both}&more=1"), done)
        }
    }
}

#[tokio::test]
async fn twenty_thousand_requests_leave_the_cart_that_the_model_predicts() {
    let app = TestApp::start().await;
    for id in 13..=PRODUCTS {
        let insert =
            "insert into products (id, name, description, price_cents, stock) values ($1, $2, '', 100, 5)";
        let id = i64::try_from(id).unwrap();
        sqlx::query(insert).bind(id).bind(format!("Thing {id}")).execute(&app.pool).await.unwrap();
    }
    let visitor = app.visitor();
    let catalogue = visitor.get("/api/catalog/list").await.json();
    let prices: BTreeMap<_, _> = catalogue
        .as_array()
        .unwrap()
        .iter()
        .map(|product| (product["id"].as_i64().unwrap(), product["price"].as_i64().unwrap()))
        .collect();
    let (mut numbers, mut model) = (Numbers(0x5a7c_4e15_0b57_1e0d), Model::default());
    let (mut full, mut refused) = (false, 0);
    for call in 0..CALLS {
        let (path, body, done) = step(&mut numbers, &mut model);
        let label = format!("call {call}: {path} {body}");
        if numbers.below(4) == 0 {
            let response = visitor.submit("/cart", path, &body).await;
            assert_eq!(response.status, StatusCode::SEE_OTHER, "{label}");
        } else {
            let response = visitor.post(path, &body).await;
            assert_eq!(
                response.status == StatusCode::OK,
                done,
                "{label}: {} {}",
                response.status,
                response.body
            );
            assert!(!response.status.is_server_error(), "{label}: {}", response.status);
            if done {
                assert_eq!(cart(&response), model.cart(&prices), "{label}");
            }
        }
        full |= model.lines.len() == 50;
        refused += u32::from(!done);
        if call % 10 == 0 {
            let shown = visitor.get("/api/cart/show").await;
            assert_eq!(cart(&shown), model.cart(&prices), "after {label}");
        }
    }
    assert!(full && refused > CALLS / 10 && refused < CALLS / 2, "full: {full}, refused: {refused}");
}

fn cart(response: &Response) -> Contents {
    let cart = response.json();
    let lines = cart["lines"].as_array().unwrap().iter();
    (
        lines.map(|line| (line["product"].as_i64().unwrap(), line["quantity"].as_i64().unwrap())).collect(),
        cart["items"].as_i64().unwrap(),
        cart["total"].as_i64().unwrap(),
        cart["removed"]["product"].as_i64(),
    )
}
