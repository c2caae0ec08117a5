//! The shop's hooks on the server: count the items for the header, save the cart at sign-out and restore it at sign-in, list the products
//! for search engines.

use session::{Database, OwnedSession, Session, Transaction};
use web::{
    error::AppError,
    server_feature::{HookFuture, SavedState, ServerFeature, ServerHooks},
    snapshot::Visitor,
};

use super::{
    cart::{Cart, CartItems, restore},
    catalog::{Sorting, product_page, store::search_products},
};

pub(super) const SERVER: ServerHooks = &Hooks;

#[derive(Debug)]
struct Hooks;

impl ServerFeature for Hooks {
    fn snapshot<'a>(
        &'a self,
        session: &'a Session,
        _: &'a Database,
        visitor: &'a mut Visitor,
    ) -> HookFuture<'a, Result<(), AppError>> {
        Box::pin(async move {
            let cart = session.read::<Cart>().await?.unwrap_or_default();
            visitor.set_value(&CartItems(cart.items()));
            Ok(())
        })
    }

    fn saved_state(&self, session: &OwnedSession) -> Option<Box<dyn SavedState>> {
        Some(Box::new(session.read::<Cart>()?))
    }

    fn restore<'a>(
        &'a self,
        session: &'a Session,
        transaction: &'a mut Transaction,
        user_id: &'a str,
    ) -> HookFuture<'a, Result<(), AppError>> {
        Box::pin(restore(session, transaction, user_id))
    }

    fn sitemap<'a>(&'a self, db: &'a Database) -> HookFuture<'a, Result<Vec<String>, AppError>> {
        Box::pin(async {
            let products = search_products(db, &[], Sorting::Catalogue).await?;
            Ok(products.iter().map(|product| product_page(product.id)).collect())
        })
    }
}
