//! Logging that the server is recorded.

use super::Console;
use crate::locale::text;
use crate::recording::RecordingError;
use parlor_protocol::Language;
use std::path::Path;
use tracing::{error, warn};

impl Console {
    /// Logs that the server is recorded. The people in its rooms are not told, so whoever runs it is reminded.
    pub(crate) fn recording(&self, file: &Path) {
        let file = file.display();
        let text = text!(
            self.language,
            "recording into {file}: everything that anybody says, with names and addresses",
            "正在录制到 {file}：包含所有人说的话、名字和地址"
        );
        warn!(event = "recording", %file, "{text}");
    }

    pub(super) fn log_recording_ended(&self, why: &RecordingError) {
        let why = match why {
            RecordingError::Behind => text!(self.language, "the disk is too slow", "磁盘太慢"),
            RecordingError::Password => text!(
                self.language,
                "a password was not recognised in time, and may be in the file: delete it",
                "有一个密码未能及时识别，可能已写入文件：请删除该文件"
            ),
            RecordingError::Write(error) => {
                text!(self.language, "cannot write: {error}", "无法写入：{error}")
            }
        };
        let text = text!(
            self.language,
            "the recording has ended, and the server goes on: {why}",
            "录制已中止，服务器继续运行：{why}"
        );
        error!(event = "recording_ended", "{text}");
    }
}
