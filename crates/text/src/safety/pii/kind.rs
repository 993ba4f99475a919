//! The kinds of personal data that are looked for, each with its two names.

/// Writes the enum, its list and its two names from one table.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $word:literal $name:literal,)*) => {
        /// A kind of personal data.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The word in suites, policies and placeholders, e.g. `email`.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }

            /// The name that Presidio gives it, or would in its manner, e.g. `EMAIL_ADDRESS`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }

        /// The words of all kinds.
        pub const TYPES: &[&str] = &[$($word,)*];
    };
}

kinds! {
    /// RFC 5321 and 6531.
    Email "email" "EMAIL_ADDRESS",
    /// E.164, or as a country's people write it.
    Phone "phone" "PHONE_NUMBER",
    /// ISO 13616.
    Iban "iban" "IBAN_CODE",
    /// ISO/IEC 7812.
    Card "card" "CREDIT_CARD",
    /// United States: social security number.
    Ssn "ssn" "US_SSN",
    /// RFC 791 and 4291.
    Ip "ip" "IP_ADDRESS",
    /// IEEE 802.
    Mac "mac" "MAC_ADDRESS",
    /// Addresses of Bitcoin, Ethereum and their like.
    Crypto "crypto" "CRYPTO",
    /// United States: individual taxpayer identification number.
    UsItin "us_itin" "US_ITIN",
    /// United States: passport.
    UsPassport "us_passport" "US_PASSPORT",
    /// United States: driver's licence.
    UsDriver "us_driver_license" "US_DRIVER_LICENSE",
    /// United States: a bank's routing number.
    UsRouting "us_routing" "ABA_ROUTING_NUMBER",
    /// United Kingdom: national insurance number.
    UkNino "uk_nino" "UK_NINO",
    /// United Kingdom: NHS number.
    UkNhs "uk_nhs" "UK_NHS",
    /// Germany: Steuer-Identifikationsnummer.
    DeTaxId "de_tax_id" "DE_TAX_ID",
    /// Germany: Versicherungsnummer of the pension insurance.
    DePension "de_pension" "DE_SOCIAL_SECURITY",
    /// Germany: passport and identity card.
    DePassport "de_passport" "DE_PASSPORT",
    /// France: numéro d'inscription au répertoire.
    FrNir "fr_nir" "FR_NIR",
    /// Spain: DNI.
    EsNif "es_nif" "ES_NIF",
    /// Spain: NIE, of foreigners.
    EsNie "es_nie" "ES_NIE",
    /// Italy: codice fiscale.
    ItFiscal "it_fiscal_code" "IT_FISCAL_CODE",
    /// Netherlands: burgerservicenummer.
    NlBsn "nl_bsn" "NL_BSN",
    /// Belgium: rijksregisternummer.
    BeNational "be_national" "BE_NATIONAL_NUMBER",
    /// Switzerland: AHV number.
    ChAhv "ch_ahv" "CH_AHV",
    /// Poland: PESEL.
    PlPesel "pl_pesel" "PL_PESEL",
    /// Sweden: personnummer.
    SePersonal "se_personal" "SE_PERSONNUMMER",
    /// Norway: fødselsnummer.
    NoPersonal "no_personal" "NO_FODSELSNUMMER",
    /// Denmark: CPR number.
    DkCpr "dk_cpr" "DK_CPR_NUMBER",
    /// Finland: henkilötunnus.
    FiPersonal "fi_personal" "FI_PERSONAL_IDENTITY_CODE",
    /// India: Aadhaar.
    InAadhaar "in_aadhaar" "IN_AADHAAR",
    /// India: permanent account number.
    InPan "in_pan" "IN_PAN",
    /// Brazil: CPF, of persons.
    BrCpf "br_cpf" "BR_CPF",
    /// Brazil: CNPJ, of firms.
    BrCnpj "br_cnpj" "BR_CNPJ",
    /// Mexico: CURP.
    MxCurp "mx_curp" "MX_CURP",
    /// China: resident identity number.
    CnId "cn_id" "CN_RESIDENT_ID",
    /// South Korea: resident registration number.
    KrRrn "kr_rrn" "KR_RRN",
    /// Japan: My Number.
    JpMyNumber "jp_my_number" "JP_MY_NUMBER",
    /// Australia: tax file number.
    AuTfn "au_tfn" "AU_TFN",
    /// Australia: business number.
    AuAbn "au_abn" "AU_ABN",
    /// Australia: company number.
    AuAcn "au_acn" "AU_ACN",
    /// Australia: Medicare.
    AuMedicare "au_medicare" "AU_MEDICARE",
    /// Canada: social insurance number.
    CaSin "ca_sin" "CA_SIN",
    /// South Africa: identity number.
    ZaId "za_id" "ZA_ID_NUMBER",
    /// Turkey: T.C. kimlik no.
    TrId "tr_id" "TR_NATIONAL_ID",
    /// Singapore: NRIC and FIN.
    SgNric "sg_nric" "SG_NRIC_FIN",
}

impl Kind {
    /// The kind of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u64);

impl Kinds {
    /// None.
    pub const NONE: Self = Self(0);

    /// Every kind.
    pub fn all() -> Self {
        Kind::ALL.iter().copied().collect()
    }

    /// Whether it is one of them.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | 1 << kind as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_names_are_told_apart_and_fit_into_the_set() {
        assert!(Kind::ALL.len() <= 64);
        let words: std::collections::BTreeSet<&str> = TYPES.iter().copied().collect();
        let names: std::collections::BTreeSet<&str> =
            Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!((words.len(), names.len()), (Kind::ALL.len(), Kind::ALL.len()));
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.word()), Some(*kind));
            assert!(Kinds::all().has(*kind) && !Kinds::NONE.has(*kind));
        }
    }
}
