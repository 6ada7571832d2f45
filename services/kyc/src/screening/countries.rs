//! Countries by the many names that lists and documents have for them.

use types::Country;

/// The country of an alpha-3 code, also of those that only travel documents have.
pub(crate) fn by_alpha_3(code: &str) -> Option<Country> {
    let code = match code {
        "D" => "DEU",
        "GBD" | "GBN" | "GBO" | "GBP" | "GBS" => "GBR",
        "RKS" => "XKX",
        code => code,
    };
    let pair = ALPHA_3.iter().find(|pair| pair.get(..3) == Some(code))?;
    Country::parse(pair.get(3..)?).ok()
}

/// The country of an English name as lists write it.
pub(crate) fn by_name(name: &str) -> Option<Country> {
    let name = name.trim();
    let lower = name.to_lowercase();
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| *known == lower) {
        return Country::parse(code).ok();
    }
    if name.len() == 2 && name.chars().all(|letter| letter.is_ascii_uppercase()) {
        return Country::parse(name).ok();
    }
    by_alpha_3(mrz::code_for_name(name)?)
}

/// Names that the table of travel documents does not have.
const NAMES: [(&str, &str); 34] = [
    ("bolivia", "BO"),
    ("brunei", "BN"),
    ("burma", "MM"),
    ("cape verde", "CV"),
    ("congo", "CG"),
    ("congo, democratic republic of the", "CD"),
    ("czech republic", "CZ"),
    ("democratic republic of the congo", "CD"),
    ("drc", "CD"),
    ("dprk", "KP"),
    ("hong kong", "HK"),
    ("iran", "IR"),
    ("ivory coast", "CI"),
    ("korea, north", "KP"),
    ("korea, south", "KR"),
    ("laos", "LA"),
    ("macau", "MO"),
    ("moldova", "MD"),
    ("north korea", "KP"),
    ("occupied palestinian territories", "PS"),
    ("palestine", "PS"),
    ("palestinian", "PS"),
    ("russia", "RU"),
    ("russian federation", "RU"),
    ("south korea", "KR"),
    ("syria", "SY"),
    ("taiwan", "TW"),
    ("tanzania", "TZ"),
    ("the gambia", "GM"),
    ("uk", "GB"),
    ("united kingdom", "GB"),
    ("united states", "US"),
    ("venezuela", "VE"),
    ("vietnam", "VN"),
];

/// Alpha-3 codes of ISO 3166-1, each followed by its alpha-2 code.
const ALPHA_3: [&str; 249] = [
    "ABWAW", "AFGAF", "AGOAO", "AIAAI", "ALAAX", "ALBAL", "ANDAD", "AREAE", "ARGAR", "ARMAM",
    "ASMAS", "ATAAQ", "ATFTF", "ATGAG", "AUSAU", "AUTAT", "AZEAZ", "BDIBI", "BELBE", "BENBJ",
    "BESBQ", "BFABF", "BGDBD", "BGRBG", "BHRBH", "BHSBS", "BIHBA", "BLMBL", "BLRBY", "BLZBZ",
    "BMUBM", "BOLBO", "BRABR", "BRBBB", "BRNBN", "BTNBT", "BVTBV", "BWABW", "CAFCF", "CANCA",
    "CCKCC", "CHECH", "CHLCL", "CHNCN", "CIVCI", "CMRCM", "CODCD", "COGCG", "COKCK", "COLCO",
    "COMKM", "CPVCV", "CRICR", "CUBCU", "CUWCW", "CXRCX", "CYMKY", "CYPCY", "CZECZ", "DEUDE",
    "DJIDJ", "DMADM", "DNKDK", "DOMDO", "DZADZ", "ECUEC", "EGYEG", "ERIER", "ESHEH", "ESPES",
    "ESTEE", "ETHET", "FINFI", "FJIFJ", "FLKFK", "FRAFR", "FROFO", "FSMFM", "GABGA", "GBRGB",
    "GEOGE", "GGYGG", "GHAGH", "GIBGI", "GINGN", "GLPGP", "GMBGM", "GNBGW", "GNQGQ", "GRCGR",
    "GRDGD", "GRLGL", "GTMGT", "GUFGF", "GUMGU", "GUYGY", "HKGHK", "HMDHM", "HNDHN", "HRVHR",
    "HTIHT", "HUNHU", "IDNID", "IMNIM", "INDIN", "IOTIO", "IRLIE", "IRNIR", "IRQIQ", "ISLIS",
    "ISRIL", "ITAIT", "JAMJM", "JEYJE", "JORJO", "JPNJP", "KAZKZ", "KENKE", "KGZKG", "KHMKH",
    "KIRKI", "KNAKN", "KORKR", "KWTKW", "LAOLA", "LBNLB", "LBRLR", "LBYLY", "LCALC", "LIELI",
    "LKALK", "LSOLS", "LTULT", "LUXLU", "LVALV", "MACMO", "MAFMF", "MARMA", "MCOMC", "MDAMD",
    "MDGMG", "MDVMV", "MEXMX", "MHLMH", "MKDMK", "MLIML", "MLTMT", "MMRMM", "MNEME", "MNGMN",
    "MNPMP", "MOZMZ", "MRTMR", "MSRMS", "MTQMQ", "MUSMU", "MWIMW", "MYSMY", "MYTYT", "NAMNA",
    "NCLNC", "NERNE", "NFKNF", "NGANG", "NICNI", "NIUNU", "NLDNL", "NORNO", "NPLNP", "NRUNR",
    "NZLNZ", "OMNOM", "PAKPK", "PANPA", "PCNPN", "PERPE", "PHLPH", "PLWPW", "PNGPG", "POLPL",
    "PRIPR", "PRKKP", "PRTPT", "PRYPY", "PSEPS", "PYFPF", "QATQA", "REURE", "ROURO", "RUSRU",
    "RWARW", "SAUSA", "SDNSD", "SENSN", "SGPSG", "SGSGS", "SHNSH", "SJMSJ", "SLBSB", "SLESL",
    "SLVSV", "SMRSM", "SOMSO", "SPMPM", "SRBRS", "SSDSS", "STPST", "SURSR", "SVKSK", "SVNSI",
    "SWESE", "SWZSZ", "SXMSX", "SYCSC", "SYRSY", "TCATC", "TCDTD", "TGOTG", "THATH", "TJKTJ",
    "TKLTK", "TKMTM", "TLSTL", "TONTO", "TTOTT", "TUNTN", "TURTR", "TUVTV", "TWNTW", "TZATZ",
    "UGAUG", "UKRUA", "UMIUM", "URYUY", "USAUS", "UZBUZ", "VATVA", "VCTVC", "VENVE", "VGBVG",
    "VIRVI", "VNMVN", "VUTVU", "WLFWF", "WSMWS", "YEMYE", "ZAFZA", "ZMBZM", "ZWEZW",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_names_a_country() {
        for pair in ALPHA_3 {
            assert!(by_alpha_3(&pair[..3]).is_some(), "{pair}");
        }
    }

    #[test]
    fn a_country_is_known_by_the_names_that_lists_use() {
        for (name, code) in [
            ("Russia", "RU"),
            ("Iran", "IR"),
            ("Afghanistan", "AF"),
            ("Korea, North", "KP"),
            ("Turkey", "TR"),
            ("United Kingdom", "GB"),
        ] {
            assert_eq!(by_name(name).map(Country::code), Some(code), "{name}");
        }
        assert_eq!(by_name("Atlantis"), None);
    }

    #[test]
    fn a_british_or_german_document_has_codes_of_its_own() {
        assert_eq!(by_alpha_3("GBD").map(Country::code), Some("GB"));
        assert_eq!(by_alpha_3("D").map(Country::code), Some("DE"));
        assert_eq!(by_alpha_3("UTO"), None);
    }
}
