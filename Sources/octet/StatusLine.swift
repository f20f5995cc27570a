import Foundation

/// One line on standard error that is written over, where a person is watching.
struct StatusLine {
  let isWatched = isatty(STDERR_FILENO) == 1

  func show(_ text: @autoclosure () -> String) { write("\r\(text())   ") }

  func clear() { write("\r\u{1B}[K") }

  private func write(_ text: @autoclosure () -> String) {
    guard isWatched else { return }
    FileHandle.standardError.write(Data(text().utf8))
  }
}
