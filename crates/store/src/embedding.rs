//! Vectors of texts by the hash of model and text: a cache, whose loss costs time and money only.

use std::collections::HashMap;

use gatemark_core::{Digest, Error, Result};

use crate::sql::{Value, values};
use crate::store::Store;

/// Most keys in one statement.
const TOGETHER: usize = 500;

impl Store {
    /// The vectors that are kept under `keys`; what is not kept is not among them.
    pub async fn embeddings(&self, keys: &[Digest]) -> Result<HashMap<Digest, Vec<f32>>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(TOGETHER) {
            let places: Vec<String> = (1..=keys.len()).map(|place| format!("${place}")).collect();
            let places = places.join(", ");
            let sql = format!("SELECT key, vector FROM embeddings WHERE key IN ({places})");
            let values = keys.iter().map(Value::from).collect();
            for row in self.database().read(&sql, values).await? {
                found.insert(row.parsed("key")?, numbers(row.bytes("vector")?)?);
            }
        }
        Ok(found)
    }

    /// Keeps vectors under their keys. One that is there already stays. `at` is in microseconds since
    /// 1970.
    pub async fn keep_embeddings(&self, vectors: &[(Digest, &[f32])], at: i64) -> Result<()> {
        let row = |(key, vector): &(Digest, &[f32])| {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            values![key, at, bytes]
        };
        let sql = "INSERT INTO embeddings (key, at, vector) VALUES ($1, $2, $3)
                   ON CONFLICT (key) DO NOTHING";
        for vectors in vectors.chunks(TOGETHER) {
            let transaction = self.database().begin().await?;
            transaction.execute_many(sql, vectors.iter().map(row).collect()).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

fn numbers(bytes: &[u8]) -> Result<Vec<f32>> {
    match bytes.as_chunks() {
        (numbers, []) => Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        _ => {
            Err(Error::internal("a stored vector is not of whole numbers: the database is damaged"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[tokio::test]
    async fn what_is_kept_comes_back() {
        let scratch = Scratch::new();
        let store = Store::open(&scratch.path().join("e.db")).await.unwrap();
        let keys: Vec<Digest> = (0..1200).map(|n: i32| Digest::of(&n.to_le_bytes())).collect();
        let vectors: Vec<Vec<f32>> = (0..1200_u16).map(|n| vec![f32::from(n), -0.1]).collect();
        let rows: Vec<_> =
            keys.iter().copied().zip(vectors.iter().map(Vec::as_slice)).take(1100).collect();
        store.keep_embeddings(&rows, 1).await.unwrap();
        store.keep_embeddings(&[(keys[0], &[9.0])], 2).await.unwrap();
        let found = store.embeddings(&keys).await.unwrap();
        assert_eq!(found.len(), 1100);
        assert_eq!(found[&keys[0]], vectors[0], "the first stays");
        assert_eq!(found[&keys[1099]], vectors[1099]);
        assert!(store.embeddings(&[]).await.unwrap().is_empty());
        store.close().await;
    }
}
