//! How many digits a number has in each country.
//!
//! From the numbering plans that the ITU collects under E.164. Only lengths are kept, and of North America
//! the rule for area codes and exchanges: which blocks are in use today changes each month, and a number that
//! was given back is still somebody's. The libraries that know the blocks (libphonenumber and its
//! translations) bring hundreds of KiB of tables, and some 5 ms at the start of every process, to refuse
//! numbers that a person would call a telephone number.

use std::sync::LazyLock;

/// `calling code:fewest-most digits after it`.
const PLAN: &str = "1:10-10 7:10-10 20:8-10 27:9-9 30:10-10 31:9-9 32:8-9 33:9-9 34:9-9 36:8-9 39:8-11 \
    40:9-9 41:9-9 43:7-13 44:9-10 45:8-8 46:7-10 47:8-8 48:9-9 49:7-11 51:8-9 52:10-11 53:8-8 54:10-11 \
    55:10-11 56:9-9 57:8-10 58:10-10 60:8-10 61:9-9 62:8-12 63:8-10 64:8-10 65:8-8 66:8-9 81:9-10 82:8-11 \
    84:9-10 86:10-11 90:10-10 91:10-10 92:9-10 93:9-9 94:9-9 95:7-10 98:10-10 211:9-9 212:9-9 213:8-9 \
    216:8-8 218:9-9 220:7-7 221:9-9 222:8-8 223:8-8 224:8-9 225:8-10 226:8-8 227:8-8 228:8-8 229:8-10 \
    230:7-8 231:7-9 232:8-8 233:9-9 234:8-10 235:8-8 236:8-8 237:8-9 238:7-7 239:7-7 240:9-9 241:7-8 \
    242:9-9 243:9-9 244:9-9 245:7-9 246:7-7 248:7-7 249:9-9 250:9-9 251:9-9 252:7-9 253:8-8 254:9-9 255:9-9 \
    256:9-9 257:8-8 258:8-9 260:9-9 261:9-9 262:9-9 263:8-10 264:8-9 265:7-9 266:8-8 267:7-8 268:8-8 \
    269:7-7 291:7-7 297:7-7 298:6-6 299:6-6 350:8-8 351:9-9 352:6-9 353:7-9 354:7-9 355:8-9 356:8-8 357:8-8 \
    358:7-11 359:7-9 370:8-8 371:8-8 372:7-8 373:8-8 374:8-8 375:9-9 376:6-9 377:8-9 378:6-10 380:9-9 \
    381:8-9 382:8-8 383:8-9 385:8-9 386:8-8 387:8-9 389:8-8 420:9-9 421:9-9 423:7-9 501:7-7 502:8-8 503:8-8 \
    504:8-8 505:8-8 506:8-8 507:7-8 508:6-6 509:8-8 590:9-9 591:8-8 592:7-7 593:8-9 594:9-9 595:9-9 596:9-9 \
    597:6-7 598:8-8 599:7-8 670:7-8 672:6-6 673:7-7 674:7-7 675:7-8 676:5-7 677:5-7 678:5-7 679:7-7 680:7-7 \
    681:6-6 682:5-5 685:5-7 686:5-8 687:6-6 688:5-6 689:6-8 691:7-7 692:7-7 800:8-8 808:8-8 850:8-10 852:8-8 \
    853:8-8 855:8-9 856:8-10 870:9-9 880:8-10 881:8-8 882:7-12 883:7-12 886:8-9 960:7-7 961:7-8 962:8-9 \
    963:8-9 964:8-10 965:8-8 966:8-9 967:7-9 968:8-8 970:8-9 971:8-9 972:8-9 973:8-8 974:8-8 975:8-8 976:8-8 \
    977:8-10 992:9-9 993:8-8 994:9-9 995:9-9 996:9-9 998:9-9";

/// By calling code; no digits where there is no such code.
static LENGTHS: LazyLock<Vec<(u8, u8)>> = LazyLock::new(|| {
    let mut lengths = vec![(0, 0); 1000];
    for entry in PLAN.split_whitespace() {
        let read = entry.split_once(':').and_then(|(code, range)| {
            let (least, most) = range.split_once('-')?;
            Some((code.parse::<usize>().ok()?, (least.parse().ok()?, most.parse().ok()?)))
        });
        if let Some((code, range)) = read
            && let Some(place) = lengths.get_mut(code)
        {
            *place = range;
        }
    }
    lengths
});

/// Digits of the calling code with which `digits` (0 to 9) begin. No code begins another, so it is the only one.
pub(super) fn code(digits: &[u8]) -> Option<usize> {
    (1..=3).find(|length| range(digits, *length).is_some())
}

fn range(digits: &[u8], length: usize) -> Option<(u8, u8)> {
    let code = digits.get(..length)?;
    let code = code.iter().fold(0_usize, |code, digit| code * 10 + usize::from(*digit));
    LENGTHS.get(code).copied().filter(|(_, most)| *most > 0)
}

/// Whether `digits` are a calling code of `code` digits and as many more as its country has. A country's own
/// prefix 0 may have been written behind the code.
pub(super) fn is_complete(digits: &[u8], code: usize) -> bool {
    let Some((least, most)) = range(digits, code) else { return false };
    let rest = digits.get(code..).unwrap_or_default();
    let america = digits.first() == Some(&1);
    (usize::from(least)..=usize::from(most)).contains(&rest.len())
        && (!america || is_american(rest))
}

/// Ten digits, of which neither the area code nor the exchange begins with 0 or 1, and no exchange is a
/// service such as 911 (North American Numbering Plan).
pub(super) fn is_american(digits: &[u8]) -> bool {
    let service = digits.get(4..6) == Some(&[1, 1]);
    digits.len() == 10
        && digits.first().is_some_and(|digit| *digit > 1)
        && digits.get(3).is_some_and(|digit| *digit > 1)
        && !service
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_begins_another_and_every_entry_is_read() {
        assert_eq!(
            LENGTHS.iter().filter(|(_, most)| *most > 0).count(),
            PLAN.split(' ').filter(|e| !e.is_empty()).count()
        );
        for (code, (least, most)) in LENGTHS.iter().enumerate().filter(|(_, range)| range.1 > 0) {
            assert!(least <= most && code.to_string().len() + usize::from(*most) <= 15, "{code}");
            let digits: Vec<u8> = code.to_string().bytes().map(|byte| byte - b'0').collect();
            assert_eq!(super::code(&digits), Some(digits.len()), "{code}");
        }
    }
}
