//! Orders in the database. Placing one is a single transaction: stock, order and cart change together or not at all.

use session::{Connection, Database, Db};
use sqlx::Row;
use web::{context::RequestContext, error::AppError};

use super::{CART_CHANGED, CART_EMPTY, OUT_OF_STOCK, Order, OrderId};
use crate::{
    auth::{CurrentUser, UserId},
    shop::{
        cart::{Cart, CartLine, OrderToken, PricedLine, read_quantity},
        catalog::{Cents, ProductId},
    },
};

/// Orders what is in the cart, at current prices, if that is what the visitor has seen. If the token has placed an order already, returns
/// that order. After [`CART_EMPTY`], [`CART_CHANGED`] and [`OUT_OF_STOCK`] nothing has changed.
pub(super) async fn place(
    request: &RequestContext,
    user: &CurrentUser,
    token: &OrderToken,
) -> Result<Order, AppError> {
    let mut transaction = user.begin(request).await?;
    let user = &user.user().id;
    let id = OrderId::new(uuid::Uuid::new_v4());
    let inserted = sqlx::query(
        "insert into orders (id, user_id, token, placed_at, total_cents) values ($1, $2, $3, $4, 0)
         on conflict (user_id, token) do nothing",
    )
    .bind(id.as_str())
    .bind(&user.0)
    .bind(token.as_str())
    .bind(request.now)
    .execute(&mut *transaction)
    .await?;
    if inserted.rows_affected() == 0 {
        return find_by_token(&mut transaction, user, token).await;
    }
    let cart =
        request.session.update_within(&mut transaction, |cart: &mut Cart| std::mem::take(cart)).await?;
    sell(&mut transaction, &id, cart.lines()).await?;
    let order = find_by_token(&mut transaction, user, token).await?;
    if token.differs(&order.lines) {
        return Err(CART_CHANGED.into());
    }
    transaction.commit().await?;
    tracing::info!(order = id.short(), lines = order.lines.len(), "placed an order");
    Ok(order)
}

/// Moves the lines of a cart from the stock to an order.
async fn sell(db: &mut Connection, order: &OrderId, cart: &[CartLine]) -> Result<(), AppError> {
    if cart.is_empty() {
        return Err(CART_EMPTY.into());
    }
    let mut lines: Vec<_> = (0_i64..).zip(cart).collect();
    // All orders update products by id, which avoids deadlocks where rows are locked one by one.
    lines.sort_by_key(|(_, line)| line.product);
    for (position, line) in lines {
        let quantity = i64::from(line.quantity.get());
        let sold = sqlx::query("update products set stock = stock - $1 where id = $2 and stock >= $1")
            .bind(quantity)
            .bind(line.product.0)
            .execute(&mut *db)
            .await?;
        if sold.rows_affected() == 0 {
            return Err(OUT_OF_STOCK.into());
        }
        sqlx::query(
            "insert into order_lines (order_id, position, product_id, name, unit_price_cents, quantity)
             select $1, $2, id, name, price_cents, $3 from products where id = $4",
        )
        .bind(order.as_str())
        .bind(position)
        .bind(quantity)
        .bind(line.product.0)
        .execute(&mut *db)
        .await?;
    }
    sqlx::query(
        "update orders set total_cents =
         (select sum(unit_price_cents * quantity) from order_lines where order_id = $1) where id = $1",
    )
    .bind(order.as_str())
    .execute(db)
    .await?;
    Ok(())
}

/// The columns of a user's orders and their lines.
macro_rules! orders_of_user {
    () => {
        "select orders.id, placed_at, total_cents, product_id, name, unit_price_cents, quantity
         from orders join order_lines on order_lines.order_id = orders.id where user_id = $1"
    };
}

/// The user's latest orders, the newest first.
pub(super) async fn list_orders(db: &Database, user: &CurrentUser) -> Result<Vec<Order>, AppError> {
    let query = concat!(
        orders_of_user!(),
        " and orders.id in (select id from orders where user_id = $1 order by placed_at desc, id limit $2)
         order by placed_at desc, orders.id, position"
    );
    let rows = sqlx::query(query)
        .bind(&user.user().id.0)
        .bind(i64::from(Order::MAX_LISTED))
        .fetch_all(db.readers())
        .await?;
    Ok(orders(&rows)?)
}

/// One of the user's orders.
pub(super) async fn find_order(
    db: &Database,
    user: &CurrentUser,
    id: &OrderId,
) -> Result<Option<Order>, AppError> {
    let query = concat!(orders_of_user!(), " and orders.id = $2 order by position");
    let rows = sqlx::query(query).bind(&user.user().id.0).bind(id.as_str()).fetch_all(db.readers()).await?;
    Ok(orders(&rows)?.pop())
}

async fn find_by_token(db: &mut Connection, user: &UserId, token: &OrderToken) -> Result<Order, AppError> {
    let query = concat!(orders_of_user!(), " and token = $2 order by position");
    let rows = sqlx::query(query).bind(&user.0).bind(token.as_str()).fetch_all(db).await?;
    orders(&rows)?.pop().ok_or(AppError::Internal)
}

/// Groups the rows of the join by order.
fn orders(rows: &[<Db as sqlx::Database>::Row]) -> Result<Vec<Order>, sqlx::Error> {
    let mut orders: Vec<Order> = Vec::new();
    for row in rows {
        let id = OrderId::new(row.try_get::<String, _>("id")?);
        let line = PricedLine::new(
            ProductId(row.try_get("product_id")?),
            row.try_get("name")?,
            Cents(row.try_get("unit_price_cents")?),
            read_quantity(row)?,
        );
        match orders.last_mut().filter(|order| order.id == id) {
            Some(order) => order.lines.push(line),
            None => orders.push(Order {
                id,
                placed_at: row.try_get("placed_at")?,
                lines: vec![line],
                total: Cents(row.try_get("total_cents")?),
            }),
        }
    }
    Ok(orders)
}
