/// Something in front of the screen that takes the keys.
package enum Overlay: Equatable, Sendable {
  /// Lines scrolled.
  case help(scroll: Int)
  case palette(EditedLine, ListCursor)
  case command(EditedLine, completions: [String])
  case filter(EditedLine)
  case prompt(Prompt)
  case confirmation(Confirmation)
}

/// A question that needs a line of text.
package struct Prompt: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case clip, export, save, openModel, data
    case training(TrainFeature.Option)
  }
  package var kind: Kind
  package var title: String
  package var hint: String
  package var input: EditedLine
  /// What was wrong with the last answer.
  package var error: String?
  /// Whether saving is the last thing before leaving.
  package var quitsAfterwards = false
  /// What was found in data that the answer accepts; training begins with it.
  package var acceptedFinding: String?
  package init(kind: Kind, title: String, hint: String, input: EditedLine) {
    self.kind = kind
    self.title = title
    self.hint = hint
    self.input = input
  }
}

/// A question that stands before something is lost. No answer is given by the key that asked.
package struct Confirmation: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case quitWithJob
    case quitUnsaved
    case replaceExport(path: String)
    case replaceSession(path: String, thenQuit: Bool)
    case recover(path: String)
    case openUnsaved(path: String)
    case resumeTraining
    case discardTraining
  }

  /// `yes` is `y`, `save` is `s`, `discard` is `d`, `cancel` is Esc.
  package enum Answer: Equatable, Sendable { case yes, save, discard, cancel }

  package var kind: Kind
  package var question: String
  package var detail: String
  package var answers: [Answer]
  package init(kind: Kind, question: String, detail: String, answers: [Answer]) {
    self.kind = kind
    self.question = question
    self.detail = detail
    self.answers = answers
  }
}
