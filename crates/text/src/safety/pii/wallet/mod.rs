//! Addresses of crypto currencies, by their checksums: base58check (Bitcoin, Litecoin, Dogecoin, Tron, Zcash,
//! Dash), bech32 and bech32m (BIP 173 and 350), and Ethereum's capitals (EIP-55).

mod keccak;

use sha2::{Digest, Sha256};

use super::page::Page;
use super::{Found, Hit, Kind};

pub(super) fn find(page: &Page<'_>, at: usize, found: &mut Found) {
    let Some(word) = page.words.get(at).filter(|word| (26..=110).contains(&word.len())) else {
        return;
    };
    let text = page.part(word.start, word.end);
    let is_one = match text.as_bytes() {
        [b'0', b'x', ..] => is_ethereum(text),
        _ if word.len() <= 35 && is_base58check(text) => true,
        _ => is_bech32(text),
    };
    if is_one && page.is_apart(word.start, word.end) {
        found.push(Hit { kind: Kind::Crypto, rank: 0, start: word.start, end: word.end });
    }
}

/// 40 hexadecimal digits; if some letters are capitals, they are those that the hash of the address says.
fn is_ethereum(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("0x").filter(|digits| digits.len() == 40) else {
        return false;
    };
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return false;
    }
    let has = |is: fn(&u8) -> bool| digits.as_bytes().iter().any(is);
    if !has(u8::is_ascii_uppercase) || !has(u8::is_ascii_lowercase) {
        // Zeros with a few digits are examples and contracts of the machine itself.
        return digits.bytes().filter(|byte| *byte != b'0').count() > 10;
    }
    let hash = keccak::hash(digits.to_ascii_lowercase().as_bytes());
    let nibble = |at: usize| {
        hash.get(at / 2).map_or(0, |byte| if at.is_multiple_of(2) { byte >> 4 } else { byte & 15 })
    };
    digits
        .bytes()
        .enumerate()
        .all(|(at, byte)| byte.is_ascii_digit() || byte.is_ascii_uppercase() == (nibble(at) >= 8))
}

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// 21 or 22 bytes and the first four of their double SHA-256.
fn is_base58check(text: &str) -> bool {
    // Most significant byte first; 35 signs are at most 26 bytes.
    let mut bytes = [0_u8; 26];
    for sign in text.bytes() {
        let Some(value) = BASE58.iter().position(|known| *known == sign) else { return false };
        let mut carry = u32::try_from(value).unwrap_or_default();
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 255).unwrap_or_default();
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    [25, 26].into_iter().any(|length| {
        let Some(bytes) = bytes.get(26 - length..) else { return false };
        let Some((body, check)) = bytes.split_last_chunk::<4>() else { return false };
        // Every leading zero byte is written as a 1.
        let zeros = body.iter().take_while(|byte| **byte == 0).count();
        let ones = text.bytes().take_while(|sign| *sign == b'1').count();
        zeros == ones && Sha256::digest(Sha256::digest(body)).get(..4) == Some(&check[..])
    })
}

/// A human-readable part, the last 1, and data whose checksum is that of BIP 173 or 350.
fn is_bech32(text: &str) -> bool {
    const DATA: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let lower = text.to_ascii_lowercase();
    let Some((human, data)) = lower.rsplit_once('1') else { return false };
    let one_case = text == lower || text.bytes().all(|byte| !byte.is_ascii_lowercase());
    if !one_case || !(2..=12).contains(&human.len()) || data.len() < 8 {
        return false;
    }
    let high = human.bytes().map(|byte| u32::from(byte >> 5));
    let low = human.bytes().map(|byte| u32::from(byte & 31));
    let mut sum = high.chain([0]).chain(low).fold(1, polymod);
    for sign in data.bytes() {
        let Some(value) = DATA.iter().position(|known| *known == sign) else { return false };
        sum = polymod(sum, u32::try_from(value).unwrap_or_default());
    }
    matches!(sum, 1 | 0x2bc8_30a3)
}

fn polymod(sum: u32, value: u32) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let shifted = ((sum & 0x01ff_ffff) << 5) ^ value;
    let used = GENERATORS.into_iter().enumerate().filter(|(bit, _)| (top >> bit) & 1 == 1);
    used.fold(shifted, |sum, (_, generator)| sum ^ generator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_standards() {
        // From BIP 13, BIP 173, BIP 350 and EIP-55.
        for address in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",
        ] {
            let hits = super::super::hits(address, super::super::Kinds::all());
            assert_eq!(hits.first().map(|hit| hit.kind), Some(Kind::Crypto), "{address}");
            assert!(hits.first().is_some_and(|hit| hit.end == address.len()), "{address}");
        }
    }

    #[test]
    fn one_wrong_sign_is_seen() {
        assert!(!is_base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"));
        assert!(!is_bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"));
        assert!(!is_bech32("bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        assert!(!is_ethereum("0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
        assert!(!is_ethereum(&format!("0x{}", "0".repeat(40))));
    }
}
