//! Telling what is wrong with a log, and recovering what can be used of it.

use super::Failure;
use crate::locale::text;
use crate::progress::Progress;
use crate::store::{self, Checked, Damage, Finding, Lost, Reader, Recovered};
use parlor_protocol::{Language, Seq};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// The exit code of a log that is damaged, or of which a part is lost.
const DAMAGED: u8 = 1;

/// Findings that are told. A damaged disk may have more than anybody reads.
const FINDINGS_MAX: u64 = 100;

/// Checks a log, and prints what is wrong with it.
pub(super) fn check(reader: &Reader, language: Language) -> Result<ExitCode, Failure> {
    // The file itself is checked after the entries, for about a tenth of the time.
    let length = match reader.range() {
        Ok(range) => range.map_or(0, |(_, last)| last.0).saturating_mul(10) / 9,
        Err(_) => 0,
    };
    let mut progress = Progress::new(length);
    let mut findings = Vec::new();
    let mut count = 0;
    let checked = store::check(reader, &mut |seq| progress.set(seq.0), &mut |finding| {
        count += 1;
        if count <= FINDINGS_MAX {
            findings.push(finding);
        }
    });
    progress.end();
    let checked = checked?;
    let mut text: String = findings.iter().map(|finding| finding_text(finding, language) + "\n").collect();
    text += &result(checked, count, language);
    io::stdout().write_all(text.as_bytes()).map_err(Failure::Output)?;
    Ok(if count == 0 { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}

fn result(checked: Checked, count: u64, language: Language) -> String {
    let Checked { entries, last: Seq(last), snapshots, can_start } = checked;
    if count == 0 {
        return text!(
            language,
            "the log is whole: {entries} entries up to {last}, {snapshots} snapshots\n",
            "日志完好：共 {entries} 条，至第 {last} 条；快照 {snapshots} 个\n"
        );
    }
    let mut text = text!(
        language,
        "the log is damaged: {count} findings; {entries} entries up to {last} are whole\n",
        "日志已损坏：发现 {count} 处问题；至第 {last} 条为止有 {entries} 条完好\n"
    );
    text += &if can_start {
        text!(
            language,
            "a server still starts from it, for a later snapshot is whole. Back it up, and look at the disk\n",
            "由于之后的快照完好，服务器仍可由此启动。请先备份，并检查磁盘\n"
        )
    } else {
        text!(
            language,
            "a server does not start from it. Restore a backup, or copy what can be used with `parlor log recover INTO`\n",
            "服务器无法由此启动。请恢复备份，或用 `parlor log recover INTO` 复制可用的部分\n"
        )
    };
    text
}

fn finding_text(finding: &Finding, language: Language) -> String {
    match finding {
        Finding::Entry(Damage { seq: Seq(seq), what }) => {
            text!(language, "entry {seq} is damaged: {what}", "第 {seq} 条已损坏：{what}")
        }
        Finding::File(what) => text!(language, "the file is damaged: {what}", "文件已损坏：{what}"),
        Finding::Missing(lost) => {
            let range = lost.range(language);
            text!(language, "{range} are missing", "{range}缺失")
        }
        Finding::Snapshot(Damage { seq: Seq(seq), what }) => {
            text!(
                language,
                "the snapshot at entry {seq} is damaged: {what}",
                "第 {seq} 条处的快照已损坏：{what}"
            )
        }
        Finding::Unreadable { entries, what } => {
            let range = entries.range(language);
            text!(language, "{range} cannot be read: {what}", "{range}无法读取：{what}")
        }
    }
}

/// Copies what can be used of a log into a new directory, and prints what is lost.
pub(super) fn recover(reader: &Reader, into: &Path, language: Language) -> Result<ExitCode, Failure> {
    let mut progress = Progress::new(1);
    let recovered = store::recover(reader, into, &mut |done, all| progress.set_of(done, all));
    progress.end();
    let Recovered { entries, last: Seq(last), lost, lost_keys } = recovered?;
    let directory = into.display();
    let mut text = text!(
        language,
        "copied {entries} entries; the log in {directory} goes on after entry {last}\n",
        "已复制 {entries} 条；{directory} 中的日志从第 {last} 条之后继续\n"
    );
    for (range, snapshot) in &lost {
        text += &lost_text(range, *snapshot, language);
    }
    if lost_keys {
        text += &text!(
            language,
            "the keys are lost: hosts get other cloaks, and bans of cloaks apply to nobody\n",
            "密钥已丢失：主机将得到新的掩码，针对旧掩码的封禁不再生效\n"
        );
    }
    io::stdout().write_all(text.as_bytes()).map_err(Failure::Output)?;
    Ok(if lost.is_empty() && !lost_keys { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}

fn lost_text(range: &Lost, snapshot: Option<Seq>, language: Language) -> String {
    let range = range.range(language);
    match snapshot {
        Some(Seq(seq)) => text!(
            language,
            "{range} are lost; what they changed in rooms, members and bans is in the snapshot at entry {seq}\n",
            "{range}已丢失；它们对房间、成员和封禁的改动保存在第 {seq} 条处的快照中\n"
        ),
        None => text!(language, "{range} are lost\n", "{range}已丢失\n"),
    }
}
