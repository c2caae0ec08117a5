//! The cart in the session. When a user's session ends, the cart is saved in the database until the next sign-in.

use session::{Connection, Db, Session, SessionValue, Transaction};
use sqlx::Row;
use web::{
    context,
    error::AppError,
    server_feature::{HookFuture, SavedState},
};

use super::{Cart, CartLine, PricedCart, Quantity};
use crate::shop::catalog::{Cents, ProductId, store::find_products};

impl SessionValue for Cart {
    const KEY: &'static str = "cart";
}

/// Changes the visitor's cart and returns it.
pub(super) async fn change(
    mut change: impl FnMut(&mut Cart) -> Result<(), AppError> + Send,
) -> Result<PricedCart, AppError> {
    let change = move |cart: &mut Cart| change(cart).map(|()| cart.clone());
    let cart = context::session()?.update(change).await??;
    price(&cart).await
}

/// As [`change`], but does not create a cart, nor a session.
pub(super) async fn change_existing(mut apply: impl FnMut(&mut Cart) + Send) -> Result<PricedCart, AppError> {
    if context::session()?.read::<Cart>().await?.is_none() {
        return Ok(PricedCart::default());
    }
    change(move |cart| {
        apply(cart);
        Ok(())
    })
    .await
}

/// Adds current names and prices to a cart.
pub(super) async fn price(cart: &Cart) -> Result<PricedCart, AppError> {
    let ids: Vec<_> = cart.lines().iter().chain(cart.removed()).map(|line| line.product).collect();
    let products = find_products(&context::db()?, &ids).await?;
    Ok(PricedCart::new(cart, &products, uuid::Uuid::new_v4()))
}

impl SavedState for Cart {
    /// Adds to what was saved from other devices. Saves nothing for an account that was deleted.
    fn save<'a>(
        &'a self,
        db: &'a mut Connection,
        user_id: &'a str,
    ) -> HookFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            for (position, line) in (0_i64..).zip(self.lines()) {
                sqlx::query(
                    "insert into saved_cart_lines (user_id, product_id, quantity, name, price_cents, position)
                     select id, $2, $3, $4, $5, $6 from users where id = $1
                     on conflict (user_id, product_id) do update set quantity =
                     case when saved_cart_lines.quantity + excluded.quantity > $7 then $7
                     else saved_cart_lines.quantity + excluded.quantity end",
                )
                .bind(user_id)
                .bind(line.product.0)
                .bind(i64::from(line.quantity.get()))
                .bind(&line.name)
                .bind(line.price.0)
                .bind(position)
                .bind(i64::from(Quantity::MAX))
                .execute(&mut *db)
                .await?;
            }
            Ok(())
        })
    }
}

/// Adds the saved cart of a user to the session, in the transaction that signs in, and deletes it: of two sign-ins at once, one gets it.
pub async fn restore(
    session: &Session,
    transaction: &mut Transaction,
    user_id: &str,
) -> Result<(), AppError> {
    let rows = sqlx::query(
        "delete from saved_cart_lines where user_id = $1
         returning product_id, quantity, name, price_cents, position",
    )
    .bind(user_id)
    .fetch_all(&mut **transaction)
    .await?;
    let mut lines = Vec::new();
    for row in rows {
        let line = CartLine {
            product: ProductId(row.try_get("product_id")?),
            quantity: read_quantity(&row)?,
            name: row.try_get("name")?,
            price: Cents(row.try_get("price_cents")?),
        };
        lines.push((row.try_get::<i64, _>("position")?, line));
    }
    lines.sort_by_key(|(position, _)| *position);
    let merge = |cart: &mut Cart| lines.iter().for_each(|(_, line)| cart.merge(line));
    Ok(session.update_within(transaction, merge).await?)
}

/// Reads the column `quantity`.
pub fn read_quantity(row: &<Db as sqlx::Database>::Row) -> Result<Quantity, sqlx::Error> {
    let count = u32::try_from(row.try_get::<i64, _>("quantity")?).unwrap_or_default();
    Quantity::new(count).map_err(|error| sqlx::Error::Decode(error.into()))
}
