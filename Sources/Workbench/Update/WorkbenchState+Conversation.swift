extension WorkbenchState {
  /// Overlays: text fields, the palette, questions.
  mutating func converse(_ action: Action) -> [Effect] {
    switch action {
    case .startFilter:
      guard tab == .layers, project != nil else { return [] }
      overlay = .filter(EditedLine(layers.filter))
    case .startCommand:
      overlay = .command(EditedLine(history: commandHistory), completions: [])
    case .openPalette:
      overlay = .palette(EditedLine(), ListCursor())
    case .openHelp:
      overlay = .help(scroll: 0)
    case .text(let edit):
      return type(edit)
    case .submitText:
      return submit()
    case .completeText:
      complete()
    case .answer(let answer):
      guard case .confirmation(let confirmation) = overlay else { return [] }
      guard answer == .cancel || confirmation.answers.contains(answer) else { return [] }
      overlay = nil
      return settle(confirmation, answer)
    default:
      break
    }
    return []
  }

  private mutating func type(_ edit: EditedLine.Edit) -> [Effect] {
    switch overlay {
    case .filter(var input):
      input.apply(edit)
      overlay = .filter(input)
      layers.filter = input.text
      layers.cursor = ListCursor()
      return refreshDetail()
    case .command(var input, _):
      input.apply(edit)
      overlay = .command(input, completions: [])
    case .palette(var input, _):
      input.apply(edit)
      overlay = .palette(input, ListCursor())
    case .prompt(var prompt):
      prompt.input.apply(edit)
      prompt.error = nil
      overlay = .prompt(prompt)
    case .help, .confirmation, nil:
      break
    }
    return []
  }

  private mutating func submit() -> [Effect] {
    switch overlay {
    case .filter:
      overlay = nil
      return []
    case .command(let input, _):
      overlay = nil
      return perform(command: input.text)
    case .palette(let input, let cursor):
      let matching = WorkbenchCommand.matching(input.text)
      overlay = nil
      guard matching.indices.contains(cursor.selected) else { return [] }
      let command = matching[cursor.selected]
      if command.needsArgument {
        overlay = .command(
          EditedLine(command.name + " ", history: commandHistory), completions: [])
        return []
      }
      return perform(command: command.name)
    case .prompt(let prompt):
      return submit(prompt)
    case .help:
      overlay = nil
      return []
    case .confirmation, nil:
      return []
    }
  }

  private mutating func perform(command line: String) -> [Effect] {
    let line = line.trimmed
    guard !line.isEmpty else { return [] }
    commandHistory.removeAll { $0 == line }
    commandHistory.append(line)
    do throws(CommandError) {
      let action = try WorkbenchCommand.parse(line, in: self)
      return update(action)
    } catch {
      say(error.description, .error)
      return []
    }
  }

  private mutating func complete() {
    guard case .command(var input, _) = overlay else { return }
    let candidates = WorkbenchCommand.completions(of: input.text, in: self)
    guard let first = candidates.first else { return }
    let common = candidates.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
    if candidates.count == 1 {
      input.set(first + " ")
    } else if common.count > input.text.count {
      input.set(common)
    }
    overlay = .command(input, completions: candidates.count > 1 ? candidates : [])
  }

  private mutating func submit(_ prompt: Prompt) -> [Effect] {
    let text = prompt.input.text.trimmed
    func refuse(_ message: String) -> [Effect] {
      var again = prompt
      again.error = message
      overlay = .prompt(again)
      return []
    }
    guard !text.isEmpty else { return refuse("Type something, or Esc to leave.") }
    switch prompt.kind {
    case .clip:
      let numbers = text.split { $0 == " " || $0 == "," || $0 == "…" }.map { Float($0) }
      guard numbers.count == 2, let lower = numbers[0], let upper = numbers[1] else {
        return refuse("Two numbers are needed, lower and upper, such as 0 6.")
      }
      guard lower < upper, lower.isFinite, upper.isFinite else {
        return refuse("The lower bound must be below the upper one, both finite.")
      }
      guard lower <= 0, upper >= 0 else {
        return refuse("The range must hold zero, so that padding and ReLU stay exact.")
      }
      overlay = nil
      return changeRecipe(.edit(.clip(lower: lower, upper: upper)))
    case .export:
      overlay = nil
      return work(.export(path: text))
    case .save:
      overlay = nil
      return saveSession(to: text, thenQuit: prompt.quitsAfterwards)
    case .openModel:
      overlay = nil
      return work(.openModel(text))
    case .data:
      overlay = nil
      return work(.chooseData(text))
    case .training(let option):
      do throws(CommandError) {
        try train.set(option, text)
      } catch {
        return refuse(error.description)
      }
      overlay = nil
      guard let finding = prompt.acceptedFinding else { return [] }
      train.accepted.append(finding)
      return startTraining()
    }
  }

  private mutating func settle(
    _ confirmation: Confirmation, _ answer: Confirmation.Answer
  ) -> [Effect] {
    switch (confirmation.kind, answer) {
    case (.quitWithJob, .yes) where job?.kind == .training:
      // Not cancelled, which would drop it: a session that is saved now offers to go on.
      if train.phase == .running {
        train.phase = .paused
        job?.isPaused = true
      }
      return [.pause] + quitOrAsk(ignoringJob: true)
    case (.quitWithJob, .yes):
      job?.isCancelling = true
      return [.cancel] + quitOrAsk(ignoringJob: true)
    case (.quitUnsaved, .save):
      return saveSession(to: sessionPath, thenQuit: true)
    case (.quitUnsaved, .discard):
      return discardAutosave() + [.quit]
    case (.replaceExport(let path), .yes):
      return startExport(to: path, replacing: true)
    case (.replaceSession(let path, let thenQuit), .yes):
      return save(to: path, thenQuit: thenQuit, replacing: true)
    case (.recover(let path), .yes):
      return [.recover(path: path)]
    case (.recover(let path), .discard):
      return [.discardAutosave(path: path)]
    case (.resumeTraining, .yes):
      return resumeTraining()
    case (.resumeTraining, .discard), (.discardTraining, .yes):
      return forgetTraining()
    case (.openUnsaved(let path), .discard):
      return discardAutosave() + startOpening(path)
    default:
      return []
    }
  }

  private func discardAutosave() -> [Effect] {
    [.discardAutosave(path: sessionPath)]
  }

  /// Leaves, unless something would be lost.
  mutating func quitOrAsk(ignoringJob: Bool = false) -> [Effect] {
    if let job, !ignoringJob {
      overlay = .confirmation(
        Confirmation(
          kind: .quitWithJob, question: "Quit while \(job.kind.title)?",
          detail: job.kind == .training
            ? "It can go on later from its last checkpoint, where the session is saved."
            : "The job is cancelled; what it has done so far is dropped.",
          answers: [.yes, .cancel]))
      return []
    }
    if isUnsaved {
      overlay = .confirmation(
        Confirmation(
          kind: .quitUnsaved, question: "Save the session before quitting?",
          detail: sessionPath.map { "It has changes that \($0) does not hold." }
            ?? "It has never been saved.",
          answers: [.save, .discard, .cancel]))
      return []
    }
    return [.quit]
  }
}

extension String {
  /// Without white space at either end.
  var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  func commonPrefix(with other: String) -> String {
    String(zip(self, other).prefix { $0 == $1 }.map(\.0))
  }
}
