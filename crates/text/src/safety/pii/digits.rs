//! Check digits. All take digits 0 to 9 and are false for digits of a wrong number.

/// Luhn (ISO/IEC 7812-1, annex B): every second digit from the right doubled, crosswise; sum 0 modulo 10.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let value =
        |(i, digit): (usize, &u8)| u32::from(if i % 2 == 1 { doubled(*digit) } else { *digit });
    let sum: u32 = digits.iter().rev().enumerate().map(value).sum();
    sum.is_multiple_of(10)
}

/// The sum of digits times weights; what has no weight counts nothing.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// As a number; at most 18 digits.
pub(super) fn value(digits: &[u8]) -> u64 {
    digits.iter().take(18).fold(0, |sum, digit| sum * 10 + u64::from(*digit))
}

/// The digit at `at`, or 255.
pub(super) fn at(digits: &[u8], at: usize) -> u8 {
    digits.get(at).copied().unwrap_or(u8::MAX)
}

/// The digits from `start`, `length` of them, as a number.
pub(super) fn part(digits: &[u8], start: usize, length: usize) -> u64 {
    value(digits.get(start..start + length).unwrap_or_default())
}

/// ISO/IEC 7064 MOD 11,10.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10_u32, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(*check)
}

/// Verhoeff (1969): the check that finds all neighbours that changed places.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const SHIFTS: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // Multiplication in the dihedral group of order ten: 0-4 are turns, 5-9 are reflections.
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let shifted = |(i, digit): (usize, &u8)| {
        let row = SHIFTS.get(i % 8)?;
        row.get(usize::from(*digit)).copied()
    };
    let digits = digits.iter().rev().enumerate();
    digits.map(shifted).try_fold(0, |sum, digit| Some(product(sum, digit?))) == Some(0)
}

/// The remainder modulo 97 of a text of digits and letters, which count from 10 (ISO/IEC 7064, as in IBANs).
pub(super) fn mod_97(symbols: &[u8]) -> Option<u32> {
    symbols.iter().try_fold(0_u32, |sum, symbol| {
        let value = char::from(*symbol).to_digit(36)?;
        Some((sum * if value > 9 { 100 } else { 10 } + value) % 97)
    })
}

/// Whether there is such a day: of a year of four digits, or of any century if `year` has two.
pub(super) fn is_date(year: u64, month: u64, day: u64) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap || year < 100 && year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether all digits are the same, as in forms filled with nothing.
pub(super) fn is_filler(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair.first() == pair.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn known_numbers() {
        assert!(luhn(&digits("79927398713")) && !luhn(&digits("79927398710")));
        assert!(verhoeff(&digits("2363")) && !verhoeff(&digits("2364")));
        assert!(verhoeff(&digits("123451")) && !verhoeff(&digits("123541")));
        assert!(mod_11_10(&digits("86095742719")) && !mod_11_10(&digits("86095742718")));
        assert_eq!(mod_97(b"3214282912345698765432161182"), Some(1));
        assert!(is_date(2024, 2, 29) && !is_date(2023, 2, 29) && is_date(0, 2, 29));
        assert!(!is_date(1999, 13, 1) && !is_date(1999, 4, 31) && !is_date(1999, 0, 1));
    }

    #[test]
    fn one_wrong_digit_or_two_neighbours_exchanged_are_found_by_verhoeff() {
        let right = digits("234123412346");
        assert!(verhoeff(&right));
        for place in 0..right.len() {
            for other in 0..10 {
                let mut wrong = right.clone();
                wrong[place] = other;
                assert_eq!(verhoeff(&wrong), other == right[place]);
            }
            let mut swapped = right.clone();
            if place > 0 && right[place] != right[place - 1] {
                swapped.swap(place, place - 1);
                assert!(!verhoeff(&swapped));
            }
        }
    }
}
