package import Cells
import Quantization
package import Workbench

/// The whole screen: title, tabs, one tab's content, a message line, and the keys.
package enum Screen {
  /// Below this the tables have no room; a notice says so and `q` still works.
  package static let smallest = Size(width: 60, height: 15)
  package static let tabRow = 1

  /// - Parameter frame: which picture of the spinner a running job shows.
  package static func render(
    _ state: WorkbenchState, glyphs: Glyphs = .unicode, frame: Int = 0
  ) -> CellBuffer {
    var buffer = CellBuffer(width: state.width, height: state.height, glyphs: glyphs)
    let area = buffer.bounds
    guard area.width >= smallest.width, area.height >= smallest.height else {
      SmallTerminalNotice(needed: smallest).render(in: area, to: &buffer)
      return buffer
    }
    title(state, in: area.row(0), frame: frame, to: &buffer)
    if state.project != nil { tabBar(state).render(in: area.row(tabRow), to: &buffer) }
    let content = area.droppingTop(2).droppingBottom(2)
    if let project = state.project {
      switch state.tab {
      case .layers: LayersScreen(state: state, project: project).render(in: content, to: &buffer)
      case .calibrate:
        CalibrateScreen(state: state, project: project).render(in: content, to: &buffer)
      case .errors: ErrorsScreen(state: state, project: project).render(in: content, to: &buffer)
      case .benchmark:
        BenchmarkScreen(state: state, project: project).render(in: content, to: &buffer)
      case .train: TrainScreen(state: state).render(in: content, to: &buffer)
      case .log: LogScreen(state: state).render(in: content, to: &buffer)
      }
    } else {
      ChooserScreen(state: state).render(in: content, to: &buffer)
    }
    let bottom = area.bottom(2)
    message(state, in: bottom.row(0), to: &buffer)
    KeyHints(KeyMap.hints(in: state)).render(in: bottom.row(1), to: &buffer)
    if let overlay = state.overlay {
      OverlayView(overlay: overlay, state: state).render(in: area, to: &buffer)
    }
    return buffer
  }

  static func tabBar(_ state: WorkbenchState) -> TabBar {
    TabBar(tabs: Tab.allCases.map(\.title), selected: state.tab.rawValue)
  }

  private static func title(
    _ state: WorkbenchState, in area: Rect, frame: Int, to buffer: inout CellBuffer
  ) {
    var left = StyledText(" octet", .title.bold)
    if let project = state.project {
      left = left + StyledText("  \(project.modelName)", .plain.bold)
      if !state.trainings.isEmpty { left = left + StyledText(" trained", .good) }
      left =
        left
        + StyledText(
          "  \(state.recipe.target.rawValue) · \(project.instructionSet) · \(project.threads) thread"
            + (project.threads == 1 ? "" : "s"), .dim)
    }
    var right = StyledText("")
    if let job = state.job {
      let share = job.progress.total > 0 ? " \(Int(job.progress.fraction * 100))%" : ""
      let mark = job.isPaused ? "‖" : "\(buffer.glyphs.spinner(frame: frame))"
      let text =
        job.isCancelling ? "cancelling" : job.isPaused ? "paused\(share)" : job.kind.title + share
      right = StyledText("\(buffer.glyphs.isASCII && job.isPaused ? "=" : mark) \(text)  ", .accent)
    }
    if state.project != nil {
      let name = state.sessionPath.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
      right =
        right + StyledText(name ?? "no session file", .dim)
        + StyledText(state.isUnsaved ? " \(buffer.glyphs.bullet) unsaved " : " ", .warning)
    }
    let split = max(area.width - right.width - 1, 0)
    buffer.write(left, in: area.leading(split))
    buffer.write(right, in: area.droppingLeading(split), alignment: .trailing)
  }

  /// The message line; a message that it cannot hold takes lines of the content above.
  private static func message(
    _ state: WorkbenchState, in area: Rect, to buffer: inout CellBuffer
  ) {
    switch state.overlay {
    case .filter(let input):
      let count = state.project.map { project in
        " \(project.layers.count(where: state.layers.matches)) of \(project.layers.count)"
      }
      let badge = StyledText(count ?? "", .dim)
      TextField(text: input.text, cursor: input.cursor, prompt: "/")
        .render(in: area.droppingTrailing(badge.width), to: &buffer)
      buffer.write(badge, in: area, alignment: .trailing)
    case .command(let input, let completions):
      TextField(text: input.text, cursor: input.cursor, prompt: ":").render(in: area, to: &buffer)
      if !completions.isEmpty {
        let shown = completions.prefix(6).joined(separator: "  ")
        buffer.write(
          StyledText(shown, .dim), in: area.droppingLeading(input.text.count + 4))
      }
    default:
      guard let message = state.message else { return }
      let style: Style =
        switch message.kind {
        case .info: .plain
        case .warning: .warning
        case .error: .bad
        }
      let mark =
        switch message.kind {
        case .info: " "
        case .warning, .error: " \(buffer.glyphs.warning) "
        }
      let text = Paragraph(StyledText(mark + message.text, style))
      let extra = min(text.height(width: area.width), 5) - 1
      guard extra > 0, message.kind != .info else {
        return buffer.write(mark + message.text, in: area, style: style)
      }
      let lines = Rect(
        x: area.x, y: area.y - extra, width: area.width, height: extra + 1)
      buffer.fill(lines)
      text.render(in: lines, to: &buffer)
    }
  }
}
