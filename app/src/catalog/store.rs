//! The products in the database.

use session::{Db, Pool};
use sqlx::{QueryBuilder, Row};

use super::{Cents, Product, ProductId, Search, Sorting};

fn product(row: &<Db as sqlx::Database>::Row) -> Result<Product, sqlx::Error> {
    Ok(Product {
        id: ProductId(row.try_get("id")?),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        price: Cents(row.try_get("price_cents")?),
        // The constraint keeps it above zero.
        stock: u32::try_from(row.try_get::<i64, _>("stock")?).unwrap_or_default(),
    })
}

/// The products in which all words of the search stand.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn search_products(
    pool: &Pool,
    search: &Search,
    sorting: Sorting,
) -> Result<Vec<Product>, sqlx::Error> {
    let mut query =
        QueryBuilder::<Db>::new("select id, name, description, price_cents, stock from products where 1 = 1");
    for word in search.words() {
        let pattern = format!("%{}%", word.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"));
        query.push(" and (lower(name) like ").push_bind(pattern.clone());
        query.push(r" escape '\' or lower(description) like ").push_bind(pattern).push(r" escape '\')");
    }
    query.push(match sorting {
        Sorting::Catalogue => " order by id",
        Sorting::Name => " order by name",
        Sorting::Cheapest => " order by price_cents, id",
        Sorting::Dearest => " order by price_cents desc, id",
    });
    query.build().fetch_all(pool).await?.iter().map(product).collect()
}

/// One product.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn find_product(pool: &Pool, id: ProductId) -> Result<Option<Product>, sqlx::Error> {
    let row = sqlx::query("select id, name, description, price_cents, stock from products where id = $1")
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
    let mut query = QueryBuilder::<Db>::new(
        "select id, name, description, price_cents, stock from products where id in (",
    );
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.0);
    }
    query.push(") order by id");
    query.build().fetch_all(pool).await?.iter().map(product).collect()
}
