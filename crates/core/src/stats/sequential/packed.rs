//! Whole numbers as a short text: of ten thousand stored states most is wealth, and most of wealth would be digits.
//!
//! Each number is written as its difference to the one before, since neighbouring bets have neighbouring wealths: with
//! the sign in the lowest bit, five bits to a character, the lowest first, and the sixth bit where more follow.

/// The characters of 0 to 63.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Set where more characters follow.
const MORE: u64 = 32;

/// The numbers as text.
pub(super) fn write(numbers: &[i64]) -> String {
    let mut text = String::new();
    let mut before = 0_i64;
    for number in numbers {
        let step = number.wrapping_sub(before);
        before = *number;
        let mut rest = (step.wrapping_shl(1) ^ (step >> 63)).cast_unsigned();
        loop {
            let (low, high) = (rest % MORE, rest / MORE);
            let digit = if high > 0 { low + MORE } else { low };
            let place = usize::try_from(digit).unwrap_or_default();
            text.push(char::from(DIGITS.get(place).copied().unwrap_or_default()));
            if high == 0 {
                break;
            }
            rest = high;
        }
    }
    text
}

/// The numbers that a text holds; `None` if it holds anything else, or not as many as `into`.
pub(super) fn read(text: &str, into: &mut [i64]) -> Option<()> {
    let mut digits = text.bytes();
    let mut before = 0_i64;
    for number in into {
        let (mut value, mut shift) = (0_u64, 0_u32);
        loop {
            let digit = u64::from(value_of(digits.next()?)?);
            let part = digit % MORE;
            // Nothing may be lost above.
            if part.checked_shl(shift)? >> shift != part {
                return None;
            }
            value |= part << shift;
            if digit < MORE {
                break;
            }
            shift += 5;
        }
        let step = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
        before = before.wrapping_add(step);
        *number = before;
    }
    digits.next().is_none().then_some(())
}

fn value_of(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        assert_eq!(write(&[0, 1, 0, 16]), "ACBgB");
        let mut read_back = [9; 4];
        assert_eq!(read("ACBgB", &mut read_back), Some(()));
        assert_eq!(read_back, [0, 1, 0, 16]);
        for wrong in ["", "ACBg", "ACBgBA", "ACB gB", "AAA____________________", "AAAé"] {
            assert_eq!(read(wrong, &mut [0; 4]), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(numbers in prop::collection::vec(any::<i64>(), 0..30)) {
            let text = write(&numbers);
            let mut back = vec![0; numbers.len()];
            prop_assert_eq!(read(&text, &mut back), Some(()));
            prop_assert_eq!(&back, &numbers);
            prop_assert_eq!(read(&text, &mut vec![0; numbers.len() + 1]), None);
        }

        #[test]
        fn no_text_does_harm(text in ".{0,40}") {
            let mut numbers = [0; 4];
            if read(&text, &mut numbers).is_some() {
                let again = write(&numbers);
                let mut back = [0; 4];
                prop_assert_eq!(read(&again, &mut back), Some(()));
                prop_assert_eq!(back, numbers);
            }
        }
    }
}
