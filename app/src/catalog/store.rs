//! The products in the database.

use session::{Db, Pool};
use sqlx::{QueryBuilder, Row};

use super::{Cents, Product, ProductId};

fn product(row: &<Db as sqlx::Database>::Row) -> Result<Product, sqlx::Error> {
    Ok(Product {
        id: ProductId(row.try_get("id")?),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        price: Cents(row.try_get("price_cents")?),
    })
}

/// All products, in the order of their numbers.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn list_products(pool: &Pool) -> Result<Vec<Product>, sqlx::Error> {
    let rows = sqlx::query("select id, name, description, price_cents from products order by id")
        .fetch_all(pool)
        .await?;
    rows.iter().map(product).collect()
}

/// One product.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn find_product(pool: &Pool, id: ProductId) -> Result<Option<Product>, sqlx::Error> {
    let row = sqlx::query("select id, name, description, price_cents from products where id = $1")
        .bind(id.0)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(product).transpose()
}

/// Those of the products that exist, in the order of their numbers.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn find_products(pool: &Pool, ids: &[ProductId]) -> Result<Vec<Product>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query =
        QueryBuilder::<Db>::new("select id, name, description, price_cents from products where id in (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.0);
    }
    query.push(") order by id");
    query.build().fetch_all(pool).await?.iter().map(product).collect()
}
