//! The texts that tokens are counted in: written for this, or made from seeded numbers.
//!
//! Chinese, Japanese and Korean are sentences put together from phrases, so that they vary: a short text over
//! and over would be learnt by the processor.

use std::path::{Path, PathBuf};

use crate::Result;

/// Bytes of each text that is repeated or put together.
const SIZE: usize = 2_000_000;

/// A text and the file that tiktoken reads it from.
pub(crate) struct Text {
    pub(crate) name: &'static str,
    pub(crate) file: PathBuf,
    pub(crate) text: String,
}

/// Numbers that show no pattern and are the same in every run.
struct Chance(u64);

impl Chance {
    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> Option<&'a T> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let number = usize::try_from(self.0 >> 33).unwrap_or_default();
        from.get(number.checked_rem(from.len())?).copied()
    }
}

/// Writes the texts into `folder`.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn texts(folder: &Path) -> Result<Vec<Text>> {
    let source = include_str!("report.rs").to_string() + include_str!("cpu.rs");
    let materials = [
        (
            "english",
            include_str!("../../README.md").to_string() + include_str!("../../ARCHITECTURE.md"),
        ),
        ("messages", include_str!("../../examples/support/data/messages.csv").to_string()),
        ("code", source),
        ("chinese", sentences(&CHINESE)),
        ("japanese", sentences(&JAPANESE)),
        ("korean", sentences(&KOREAN)),
        ("random letters, one piece of 1 MB", random("abcdefghijklmnopqrstuvwxyz")),
        ("rare ideographs, one piece of 1 MB", random("龘靐齉爩鱻麤龗灪吁龖厵滟爨癵籱饢驫鲡鹂鸾")),
        ("white space, mixed, 1 MB", random(" \t\n\u{3000}")),
        ("a, 1 MB", "a".repeat(1_000_000)),
        ("a, 2 MB", "a".repeat(2_000_000)),
        ("a, 4 MB", "a".repeat(4_000_000)),
        ("spaces, 1 MB", " ".repeat(1_000_000)),
        ("spaces, 2 MB", " ".repeat(2_000_000)),
        ("spaces, 4 MB", " ".repeat(4_000_000)),
    ];
    let numbered = materials.into_iter().enumerate();
    let texts = numbered.map(|(number, (name, text))| {
        let times = if text.len() < 1_000_000 { SIZE.div_ceil(text.len()) } else { 1 };
        let text = text.repeat(times);
        let file = folder.join(format!("{number}.txt"));
        std::fs::write(&file, &text)?;
        Ok(Text { name, file, text })
    });
    texts.collect()
}

/// A megabyte of these letters.
fn random(alphabet: &str) -> String {
    let letters: Vec<&str> = alphabet.split("").filter(|letter| !letter.is_empty()).collect();
    let mut chance = Chance(20_261_121);
    let mut text = String::with_capacity(1_000_004);
    while text.len() < 1_000_000 {
        text.extend(chance.pick(&letters));
    }
    text
}

/// What sentences are made of: one phrase of each part in turn, and an end.
struct Language {
    parts: [&'static str; 4],
    ends: &'static [&'static str],
}

fn sentences(language: &Language) -> String {
    let parts = language.parts.map(|part| part.split('|').collect::<Vec<&str>>());
    let mut chance = Chance(20_261_121);
    let mut text = String::with_capacity(SIZE + 1000);
    while text.len() < SIZE {
        for part in &parts {
            text.extend(chance.pick(part));
        }
        text.extend(chance.pick(language.ends));
    }
    text
}

const CHINESE: Language = Language {
    parts: [
        "因为包裹丢失了，|如果没有别的问题，|虽然价格比较贵，|根据公司的规定，|为了节省时间，|由于天气恶劣航班延误，|经过三个小时的等待，|",
        "我们|客户|这位先生|快递员|供应商|财务部门|技术团队|老师|研究人员|编辑|银行|保险公司|北京的同事",
        "昨天检查了|已经修改了|马上发送|曾经讨论过|仔细地分析了|多次退回了|正在翻译|下个月批准|重新安装了|从来没有投诉过",
        "订单的状态|一双运动鞋|合同草案|服务器日志|关于气候变化的报告|新的手机套餐|发票和收据|操作系统的漏洞|退款申请|会议记录|城市交通规划|一部关于战争的小说|数据库备份|冰箱的保修期|葡萄酒",
    ],
    ends: &["。", "。", "，", "！", "？", "。\n"],
};

const JAPANESE: Language = Language {
    parts: [
        "お問い合わせいただき、|昨日、|恐れ入りますが、|新しいアカウントで|東京の会議で|システムのエラーのため、|",
        "ご注文の商品を|お客様のパスワードを|研究の結果を|データベースを|返金の手続きを|担当者の資料を|美しい風景を|この料理を|サーバーを",
        "メールで|できるだけ早く|もう一度|来週の月曜日までに|担当者が|大阪の店舗から|プロジェクトの後で|",
        "確認してください|発送いたしました|変更できませんでした|送信していただけますか|発表する予定です|インストールしました|ありがとうございます|申し訳ございません",
    ],
    ends: &["。", "。", "、", "！", "。\n"],
};

const KOREAN: Language = Language {
    parts: [
        "안녕하세요 |어제 서울에서 |빠른 처리가 필요해서 |경제 상황이 좋지 않아서 |오류가 계속 발생하여 |고객님이 |",
        "주문하신 상품을 |비밀번호를 |연구 결과를 |회의 자료를 |데이터베이스 서버를 |새로운 프로젝트를 |환불 요청을 |배송 조회를 ",
        "이메일로 |다음 주까지 |담당자에게 |다시 한번 |직접 |정부와 함께 |",
        "보내주세요|확인해 주시기 바랍니다|변경하려고 합니다|발표할 예정입니다|시작했습니다|찾을 수 없습니다|부탁드립니다|받지 못했습니다",
    ],
    ends: &[". ", ". ", "! ", "? ", ".\n"],
};
