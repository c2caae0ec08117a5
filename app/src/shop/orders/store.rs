//! Orders in the database. Placing one is a single transaction: stock, order and cart change together or not at all.

use session::{Connection, Database, Db, Transaction};
use sqlx::Row;
use web::{context::RequestContext, error::AppError};

use super::{CART_CHANGED, CART_EMPTY, OUT_OF_STOCK, Order, OrderId, OrderLine};
use crate::{
    auth::{CurrentUser, UserId},
    shop::{
        cart::{Cart, CartLine, OrderToken, Quantity},
        catalog::{Cents, ProductId},
    },
};

/// Orders what is in the cart, at current prices, if that is what the visitor has seen. If the token has placed an order already, returns
/// that order.
///
/// # Errors
///
/// [`CART_EMPTY`], [`CART_CHANGED`] and [`OUT_OF_STOCK`]; nothing has changed then.
pub(super) async fn place(
    request: &RequestContext,
    user: &CurrentUser,
    token: &OrderToken,
) -> Result<Order, AppError> {
    let mut transaction = user.begin(request).await?;
    let user = &user.user().id;
    let Some(id) = insert_order(&mut transaction, user, token, request.now).await? else {
        let placed = find_by_token(&mut transaction, user, token).await?;
        return placed.ok_or(AppError::Internal);
    };
    let cart =
        request.session.update_within(&mut transaction, |cart: &mut Cart| std::mem::take(cart)).await?;
    let lines = sell_all(&mut transaction, &id, cart.lines()).await?;
    if token.differs(lines.iter().map(|line| (line.product, line.quantity, line.unit_price))) {
        return Err(CART_CHANGED.into());
    }
    let total: Cents = lines.iter().map(|line| line.total).sum();
    sqlx::query("update orders set total_cents = $1 where id = $2")
        .bind(total.0)
        .bind(id.as_str())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    tracing::info!(order = id.short(), lines = lines.len(), "placed an order");
    Ok(Order { id, placed_at: request.now, lines, total })
}

/// Inserts an order. `None` if the token has placed one already.
async fn insert_order(
    db: &mut Connection,
    user: &UserId,
    token: &OrderToken,
    now: i64,
) -> Result<Option<OrderId>, sqlx::Error> {
    let id = OrderId::new(uuid::Uuid::new_v4());
    let inserted = sqlx::query(
        "insert into orders (id, user_id, token, placed_at, total_cents) values ($1, $2, $3, $4, 0)
         on conflict (user_id, token) do nothing",
    )
    .bind(id.as_str())
    .bind(&user.0)
    .bind(token.as_str())
    .bind(now)
    .execute(db)
    .await?;
    Ok((inserted.rows_affected() == 1).then_some(id))
}

async fn sell_all(
    transaction: &mut Transaction,
    order: &OrderId,
    cart: &[CartLine],
) -> Result<Vec<OrderLine>, AppError> {
    if cart.is_empty() {
        return Err(CART_EMPTY.into());
    }
    let mut chosen: Vec<_> = (0_i64..).zip(cart).collect();
    // All orders update products by id, which avoids deadlocks where rows are locked one by one.
    chosen.sort_by_key(|(_, line)| line.product);
    let mut sold = Vec::new();
    for (position, line) in chosen {
        sold.push((position, sell(transaction, order, position, line).await?));
    }
    sold.sort_by_key(|(position, _)| *position);
    Ok(sold.into_iter().map(|(_, line)| line).collect())
}

/// Moves one line from the stock to the order.
async fn sell(
    db: &mut Connection,
    order: &OrderId,
    position: i64,
    line: &CartLine,
) -> Result<OrderLine, AppError> {
    let count = i64::from(line.quantity.get());
    let sold = sqlx::query(
        "update products set stock = stock - $1 where id = $2 and stock >= $1 returning name, price_cents",
    )
    .bind(count)
    .bind(line.product.0)
    .fetch_optional(&mut *db)
    .await?;
    let sold = sold.ok_or(OUT_OF_STOCK)?;
    let (name, unit_price): (String, _) = (sold.try_get("name")?, Cents(sold.try_get("price_cents")?));
    sqlx::query(
        "insert into order_lines (order_id, position, product_id, name, unit_price_cents, quantity)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(order.as_str())
    .bind(position)
    .bind(line.product.0)
    .bind(&name)
    .bind(unit_price.0)
    .bind(count)
    .execute(db)
    .await?;
    let total = unit_price.times(line.quantity.get());
    Ok(OrderLine { product: line.product, name, unit_price, quantity: line.quantity, total })
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

async fn find_by_token(
    db: &mut Connection,
    user: &UserId,
    token: &OrderToken,
) -> Result<Option<Order>, AppError> {
    let query = concat!(orders_of_user!(), " and token = $2 order by position");
    let rows = sqlx::query(query).bind(&user.0).bind(token.as_str()).fetch_all(db).await?;
    Ok(orders(&rows)?.pop())
}

/// Groups the rows of the join by order.
fn orders(rows: &[<Db as sqlx::Database>::Row]) -> Result<Vec<Order>, sqlx::Error> {
    let mut orders: Vec<Order> = Vec::new();
    for row in rows {
        let id = OrderId::new(row.try_get::<String, _>("id")?);
        let line = order_line(row)?;
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

fn order_line(row: &<Db as sqlx::Database>::Row) -> Result<OrderLine, sqlx::Error> {
    let unit_price = Cents(row.try_get("unit_price_cents")?);
    let quantity = u32::try_from(row.try_get::<i64, _>("quantity")?).unwrap_or_default();
    // A constraint keeps it in range.
    let quantity = Quantity::new(quantity).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(OrderLine {
        product: ProductId(row.try_get("product_id")?),
        name: row.try_get("name")?,
        unit_price,
        quantity,
        total: unit_price.times(quantity.get()),
    })
}
