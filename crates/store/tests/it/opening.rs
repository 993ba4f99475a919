//! What may be found at the path.

use gatemark_core::Kind;
use gatemark_store::Store;

use crate::fixture::store;
use crate::scratch::Scratch;

#[tokio::test]
async fn the_directory_is_made() {
    let scratch = Scratch::new();
    let path = scratch.path().join("a/b/c.db");
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), 0);
    store.close().await;
    assert!(path.is_file());
    assert_eq!(store.revision().await.unwrap_err().kind(), Kind::Unavailable);
}

#[tokio::test]
async fn opening_again_finds_everything() {
    let scratch = Scratch::new();
    store(&scratch).await.close().await;
    assert_eq!(store(&scratch).await.revision().await.unwrap(), 0);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.path().join("notes.txt");
    let notes = "these are notes and not a database\n".repeat(100);
    std::fs::write(&path, &notes).unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("notes.txt is not a database"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
}

#[tokio::test]
async fn a_directory_is_no_database() {
    let scratch = Scratch::new();
    let error = Store::open(scratch.path()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains("cannot open the database"), "{error}");
}

#[tokio::test]
async fn several_at_once_make_one_database() {
    let scratch = Scratch::new();
    let open = || store(&scratch);
    let (a, b, c) = tokio::join!(open(), open(), open());
    for store in [a, b, c] {
        assert_eq!(store.revision().await.unwrap(), 0);
    }
}
