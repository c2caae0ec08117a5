//! The products in the database.

use std::sync::Arc;

use session::{Database, Db};
use sqlx::{QueryBuilder, Row};

use super::{Cents, Product, ProductId, Sorting};

type Products = Arc<[Product]>;

/// The products that match all words.
pub async fn search_products(
    db: &Database,
    words: &[String],
    sorting: Sorting,
) -> Result<Products, sqlx::Error> {
    let mut query = select();
    query.push("1 = 1");
    for word in words {
        let pattern = format!("%{}%", word.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"));
        query.push(" and (lower(name) like ").push_bind(pattern.clone());
        query.push(r" escape '\' or lower(description) like ").push_bind(pattern).push(r" escape '\')");
    }
    query.push(match sorting {
        Sorting::Catalogue => " order by id",
        Sorting::Name => " order by name",
        Sorting::PriceAscending => " order by price_cents, id",
        Sorting::PriceDescending => " order by price_cents desc, id",
    });
    read(db, &format!("search {sorting:?} {words:?}"), query).await
}

/// Those of the products that exist, in the order of their ids.
pub async fn find_products(db: &Database, ids: &[ProductId]) -> Result<Products, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Arc::default());
    }
    let mut query = select();
    query.push("id in (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.0);
    }
    query.push(") order by id");
    read(db, &format!("products {ids:?}"), query).await
}

fn select() -> QueryBuilder<Db> {
    QueryBuilder::new("select id, name, description, price_cents, stock from products where ")
}

async fn read(db: &Database, key: &str, mut query: QueryBuilder<Db>) -> Result<Products, sqlx::Error> {
    let fetch = async {
        let rows = query.build().fetch_all(db.readers()).await?;
        rows.iter().map(product).collect()
    };
    db.read_sized(key, |products: &Products| products.iter().map(size).sum(), fetch).await
}

fn product(row: &<Db as sqlx::Database>::Row) -> Result<Product, sqlx::Error> {
    Ok(Product {
        id: ProductId(row.try_get("id")?),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        price: Cents(row.try_get("price_cents")?),
        // A constraint keeps it from being negative.
        stock: u32::try_from(row.try_get::<i64, _>("stock")?).unwrap_or_default(),
    })
}

fn size(product: &Product) -> usize {
    size_of::<Product>() + product.name.len() + product.description.len()
}
