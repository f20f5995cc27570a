import Cells
import Workbench

/// What stands in front of the screen: help, the palette, prompts and questions.
struct OverlayView: Widget {
  let overlay: Overlay
  let state: WorkbenchState

  func render(in area: Rect, to buffer: inout CellBuffer) {
    switch overlay {
    case .help(let scroll): help(scroll, in: area, to: &buffer)
    case .palette(let input, let cursor): palette(input, cursor, in: area, to: &buffer)
    case .prompt(let prompt): self.prompt(prompt, in: area, to: &buffer)
    case .confirmation(let question): confirmation(question, in: area, to: &buffer)
    case .filter, .command: break  // These stand in the message line.
    }
  }

  private func help(_ scroll: Int, in area: Rect, to buffer: inout CellBuffer) {
    var lines: [StyledText] = []
    func section(_ title: String, _ bindings: [KeyBinding]) {
      guard !bindings.isEmpty else { return }
      lines.append(StyledText(title, .header.bold))
      for binding in bindings {
        let why = binding.whyDisabled(state)
        let keys = binding.keyText.padded(toWidth: 14, .leading)
        lines.append(
          StyledText(keys, why == nil ? .key : .dim)
            + StyledText(binding.help, why == nil ? .plain : .dim)
            + StyledText(why.map { "  (\($0))" } ?? "", .dim))
      }
      lines.append("")
    }
    if state.project == nil {
      section("Open", KeyBinding.all.filter { $0.place == .chooser })
    } else {
      section(state.tab.title, KeyBinding.all.filter { $0.place == .tab(state.tab) })
    }
    section("Everywhere", KeyBinding.all.filter { $0.place == .everywhere })
    lines.append(StyledText("Commands", .header.bold))
    for command in WorkbenchCommand.all {
      let word = ":\(command.name) \(command.argument)".padded(toWidth: 24, .leading)
      lines.append(StyledText(word, .key) + StyledText(command.summary))
    }
    let size = Size(width: min(area.width - 4, 76), height: min(area.height - 4, lines.count + 2))
    let offset = min(scroll, max(lines.count - (size.height - 2), 0))
    Popup(title: "Keys", size: size, content: Paragraph(lines, offset: offset))
      .render(in: area, to: &buffer)
  }

  private func palette(
    _ input: EditedLine, _ cursor: ListCursor, in area: Rect, to buffer: inout CellBuffer
  ) {
    let commands = WorkbenchCommand.matching(input.text)
    let popup = Popup(
      title: "Commands",
      size: Size(width: min(area.width - 4, 70), height: min(area.height - 4, 14)),
      content: nil)
    popup.render(in: area, to: &buffer)
    let inner = popup.content(in: area)
    TextField(text: input.text, cursor: input.cursor, prompt: "> ", placeholder: "type to search")
      .render(in: inner.row(0), to: &buffer)
    Table(
      columns: [
        Table.Column("command", width: .fixed(24), priority: 9),
        Table.Column("does", width: .flexible(minimum: 10), priority: 8),
      ], rowCount: commands.count, selected: commands.isEmpty ? nil : cursor.selected,
      offset: ScrollPosition.offset(
        cursor.first, keeping: cursor.selected, visible: inner.height - 1, of: commands.count),
      showsHeader: false, emptyText: StyledText("No command matches.", .dim)
    ) { row in
      Table.Row([
        .text(StyledText("\(commands[row].name) \(commands[row].argument)", .key)),
        .text(StyledText(commands[row].summary)),
      ])
    }.render(in: inner.droppingTop(1), to: &buffer)
  }

  private func prompt(_ prompt: Prompt, in area: Rect, to buffer: inout CellBuffer) {
    let width = min(area.width - 4, 72)
    let hint = Paragraph(StyledText(prompt.hint, .dim))
    let hintHeight = min(hint.height(width: width - 4), 4)
    let popup = Popup(
      title: prompt.title, size: Size(width: width, height: hintHeight + 4), content: nil)
    popup.render(in: area, to: &buffer)
    let inner = popup.content(in: area)
    hint.render(in: inner.top(hintHeight), to: &buffer)
    TextField(text: prompt.input.text, cursor: prompt.input.cursor, prompt: "> ")
      .render(in: inner.row(hintHeight), to: &buffer)
    if let error = prompt.error {
      buffer.write(StyledText(error, .bad), in: inner.row(hintHeight + 1))
    }
  }

  private func confirmation(
    _ question: Confirmation, in area: Rect, to buffer: inout CellBuffer
  ) {
    let width = min(area.width - 4, 72)
    let lines = [
      StyledText(question.question, .plain.bold), StyledText(question.detail), "",
      question.answers.reduce(StyledText("")) { text, answer in
        text + StyledText(answer.key, .key)
          + StyledText(" \(answer.label(for: question.kind))    ")
      },
    ]
    let content = Paragraph(lines)
    Popup(
      title: "", size: Size(width: width, height: content.height(width: width - 4) + 2),
      content: content
    ).render(in: area, to: &buffer)
  }
}
