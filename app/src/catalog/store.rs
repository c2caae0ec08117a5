//! The products in the database.

use std::sync::Arc;

use session::{Cache, Db};
use sqlx::{QueryBuilder, Row};

use super::{Cents, Product, ProductId, Search, Sorting};
use crate::storage::Storage;

/// What somebody asked the catalogue for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// What a search finds.
    Found(Search, Sorting),
    /// Those that exist of these.
    Some(Vec<ProductId>),
}

/// Answers of the catalogue. Who changes a product changes any of them.
pub type ProductCache = Cache<Asked, Arc<[Product]>>;

/// What a question and its answer take in memory, in bytes.
#[must_use]
pub fn weight(asked: &Asked, products: &Arc<[Product]>) -> usize {
    let asked = match asked {
        Asked::Found(search, _) => search.words().iter().map(String::len).sum(),
        Asked::Some(ids) => size_of_val(&**ids),
    };
    let answer: usize = products
        .iter()
        .map(|product| size_of::<Product>() + product.name.len() + product.description.len())
        .sum();
    asked + answer
}

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
    db: &Storage,
    search: &Search,
    sorting: Sorting,
) -> Result<Arc<[Product]>, sqlx::Error> {
    ask(db, Asked::Found(search.clone(), sorting)).await
}

/// One product.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn find_product(db: &Storage, id: ProductId) -> Result<Option<Product>, sqlx::Error> {
    Ok(find_products(db, &[id]).await?.first().cloned())
}

/// Those of the products that exist, in the order of their numbers.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn find_products(db: &Storage, ids: &[ProductId]) -> Result<Arc<[Product]>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Arc::default());
    }
    ask(db, Asked::Some(ids.to_vec())).await
}

async fn ask(db: &Storage, asked: Asked) -> Result<Arc<[Product]>, sqlx::Error> {
    let answer = db.products.get(&asked, async {
        let rows = select(&asked).build().fetch_all(db.readers()).await?;
        rows.iter().map(product).collect::<Result<_, _>>().map(Some)
    });
    Ok(answer.await?.unwrap_or_default())
}

fn select(asked: &Asked) -> QueryBuilder<Db> {
    let mut query =
        QueryBuilder::<Db>::new("select id, name, description, price_cents, stock from products where ");
    match asked {
        Asked::Found(search, sorting) => {
            query.push("1 = 1");
            for word in search.words() {
                let pattern =
                    format!("%{}%", word.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"));
                query.push(" and (lower(name) like ").push_bind(pattern.clone());
                query
                    .push(r" escape '\' or lower(description) like ")
                    .push_bind(pattern)
                    .push(r" escape '\')");
            }
            query.push(match sorting {
                Sorting::Catalogue => " order by id",
                Sorting::Name => " order by name",
                Sorting::Cheapest => " order by price_cents, id",
                Sorting::Dearest => " order by price_cents desc, id",
            });
        }
        Asked::Some(ids) => {
            query.push("id in (");
            let mut list = query.separated(", ");
            for id in ids {
                list.push_bind(id.0);
            }
            query.push(") order by id");
        }
    }
    query
}
