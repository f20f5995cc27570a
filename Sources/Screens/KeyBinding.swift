package import Cells
package import Workbench

/// A key, what it does, and when: dispatch, the line of hints and the help screen all read this.
package struct KeyBinding: Sendable {
  package enum Place: Equatable, Sendable { case everywhere, chooser, tab(Tab) }

  package let keys: [Key]
  package let action: Action
  /// Two or three words for the bottom line; empty keeps it to the help screen.
  package let hint: String
  package let help: String
  package let place: Place
  /// Why the key does nothing now, or `nil`.
  package let whyDisabled: @Sendable (WorkbenchState) -> String?

  init(
    _ keys: [Key], _ action: Action, hint: String = "", _ help: String, in place: Place,
    unless whyDisabled: @escaping @Sendable (WorkbenchState) -> String? = { _ in nil }
  ) {
    self.keys = keys
    self.action = action
    self.hint = hint
    self.help = help
    self.place = place
    self.whyDisabled = whyDisabled
  }

  /// `o`, or `↓ j`.
  package var keyText: String { keys.map(\.name).joined(separator: " ") }
}

extension KeyBinding {
  private static func key(_ character: Character) -> Key { .character(character) }

  private static let needsCalibration: @Sendable (WorkbenchState) -> String? = { state in
    state.lacksCalibration ? "calibrate first" : nil
  }

  private static let needsLayer: @Sendable (WorkbenchState) -> String? = { state in
    state.editScopes == nil ? "select a layer or a module" : nil
  }

  /// Every key of the program, in the order of the help screen.
  package static let all: [KeyBinding] =
    layers + calibrate + errors + benchmark + train + log + everywhere

  private static let layers: [KeyBinding] = [
    KeyBinding(
      [.enter], .enter, hint: "detail", "open the detail, or fold a scope", in: .tab(.layers)),
    KeyBinding(
      [key("o")], .edit(.cycleObserver(by: 1)), hint: "observer", "next observer",
      in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("O")], .edit(.cycleObserver(by: -1)), "previous observer", in: .tab(.layers),
      unless: needsLayer),
    KeyBinding(
      [key("p")], .edit(.toggleGranularity), hint: "per tensor/ch", "weights per tensor or channel",
      in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("s")], .edit(.toggleSymmetry), hint: "symmetry", "symmetric or affine",
      in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("f")], .edit(.togglePrecision), hint: "fp32", "keep in fp32, or back to int8",
      in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("F")], .quantizeOnly(module: nil), "quantize only this; all else in fp32",
      in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("d")], .edit(.cyclePrecision), "static, dynamic, or weights only", in: .tab(.layers),
      unless: needsLayer),
    KeyBinding(
      [key("+")], .edit(.toggleFusion), "split what is fused, or join it again",
      in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("r")], .toggleReal, "readers take reals, or codes again: a boundary by hand",
      in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("b")], .edit(.toggleReducedRange), "7 or 8 bits", in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("y")], .edit(.toggleType), "quint8 or qint8", in: .tab(.layers), unless: needsLayer),
    KeyBinding(
      [key("c")], .clipByHand, "set the clipping range by hand", in: .tab(.layers),
      unless: needsLayer),
    KeyBinding(
      [.backspace], .edit(.reset), "take the rules of this scope away", in: .tab(.layers),
      unless: needsLayer),
    KeyBinding(
      [key("w")], .cycleSide, hint: "act/weight", "edit the activation or the weight",
      in: .tab(.layers)),
    KeyBinding(
      [key("x")], .cycleScope, hint: "scope",
      "edit this layer or module, its operator type, or all",
      in: .tab(.layers)),
    KeyBinding(
      [key(" ")], .toggleMark, "mark a layer or a module's layers: edits go to them",
      in: .tab(.layers)),
    KeyBinding([key("A")], .toggleAllMarks, "mark all shown, or none", in: .tab(.layers)),
    KeyBinding(
      [key("/")], .startFilter, hint: "filter", "filter; !word leaves out", in: .tab(.layers)),
    KeyBinding([key("t")], .toggleArrangement, "tree or list", in: .tab(.layers)),
    KeyBinding([key("S")], .cycleSort, "sort by the next column", in: .tab(.layers)),
    KeyBinding([key("I")], .reverseSort, "reverse the order", in: .tab(.layers)),
    KeyBinding(
      [key("l"), .right], .cycleDetailPage(by: 1), "next page of the detail", in: .tab(.layers)),
    KeyBinding(
      [key("h"), .left], .cycleDetailPage(by: -1), "previous page of the detail", in: .tab(.layers)),
    KeyBinding([key("v")], .toggleWatch, "watch this tensor while calibrating", in: .tab(.layers)),
    KeyBinding([key("Y")], .copy, "copy the layer's name", in: .tab(.layers)),
  ]

  private static let calibrate: [KeyBinding] = [
    KeyBinding(
      [key("r")], .startCalibration, hint: "start", "observe the data", in: .tab(.calibrate)),
    KeyBinding(
      [key(" ")], .togglePause, hint: "pause", "pause or go on", in: .tab(.calibrate),
      unless: { $0.calibrate.isRunning ? nil : "nothing is running" }),
    KeyBinding(
      [key("s")], .stepBatch, hint: "one batch", "observe one batch", in: .tab(.calibrate)),
    KeyBinding(
      [key("d")], .askForData, hint: "data", "choose calibration data", in: .tab(.calibrate)),
    KeyBinding([key("v")], .toggleWatch, "stop watching this tensor", in: .tab(.calibrate)),
    KeyBinding([.enter], .jumpToLayer, hint: "layer", "go to the layer", in: .tab(.calibrate)),
  ]

  private static let errors: [KeyBinding] = [
    KeyBinding(
      [key("r")], .analyseErrors, hint: "measure", "measure every layer's loss", in: .tab(.errors),
      unless: needsCalibration),
    KeyBinding(
      [key("R")], .runSensitivity, hint: "sensitivity", "quantize one layer at a time",
      in: .tab(.errors), unless: needsCalibration),
    KeyBinding(
      [.enter], .enter, hint: "layer/apply", "go to the layer, or apply the advice",
      in: .tab(.errors)),
    KeyBinding(
      [key("f")], .keepFloat, hint: "keep fp32", "keep this layer in fp32", in: .tab(.errors)),
    KeyBinding([key("a")], .cycleSide, hint: "advice", "layers or advice", in: .tab(.errors)),
    KeyBinding([key("S")], .cycleSort, hint: "sort", "sort by the next column", in: .tab(.errors)),
    KeyBinding([key("I")], .reverseSort, "reverse the order", in: .tab(.errors)),
    KeyBinding([key("Y")], .copy, "copy the layer's name", in: .tab(.errors)),
  ]

  private static let benchmark: [KeyBinding] = [
    KeyBinding(
      [key("r")], .runBenchmark, hint: "run", "time float and int8 in turn", in: .tab(.benchmark),
      unless: needsCalibration),
    KeyBinding([.enter], .enter, hint: "layer", "go to the layer", in: .tab(.benchmark)),
    KeyBinding(
      [key("S")], .cycleSort, hint: "sort", "sort by the next column", in: .tab(.benchmark)),
    KeyBinding([key("I")], .reverseSort, "reverse the order", in: .tab(.benchmark)),
  ]

  private static let hasNoTraining: @Sendable (WorkbenchState) -> String? = { state in
    state.train.isRunning ? nil : "no training is running"
  }

  private static let hasNoResult: @Sendable (WorkbenchState) -> String? = { state in
    state.train.phase == .done ? nil : "nothing was trained"
  }

  private static let hasNothingToDiscard: @Sendable (WorkbenchState) -> String? = { state in
    isTraining(state) ?? (state.train.record == nil ? "nothing was trained" : nil)
  }

  private static let isTraining: @Sendable (WorkbenchState) -> String? = { state in
    state.train.isRunning ? "a training is running" : nil
  }

  private static let train: [KeyBinding] = [
    KeyBinding(
      [key("r")], .startTraining, hint: "train", "train, or go on with an unfinished training",
      in: .tab(.train),
      unless: { isTraining($0) ?? ($0.train.phase == .done ? "keep or discard" : nil) }),
    KeyBinding(
      [key(" ")], .togglePause, hint: "pause", "pause or go on", in: .tab(.train),
      unless: hasNoTraining),
    KeyBinding(
      [key("s")], .stopTraining, hint: "stop", "end early, with what there is", in: .tab(.train),
      unless: hasNoTraining),
    KeyBinding(
      [key("K")], .keepTraining, hint: "keep", "keep the trained weights: all tabs use them",
      in: .tab(.train), unless: hasNoResult),
    KeyBinding(
      [key("D")], .discardTraining, hint: "discard",
      "discard the trained weights, or an unfinished training",
      in: .tab(.train), unless: hasNothingToDiscard),
    KeyBinding(
      [.enter], .enter, hint: "change", "type a value, or go to the layer", in: .tab(.train),
      unless: isTraining),
    KeyBinding(
      [.right, key("l")], .adjustTraining(by: 1), hint: "next value", "next value of an option",
      in: .tab(.train), unless: isTraining),
    KeyBinding(
      [.left, key("h")], .adjustTraining(by: -1), "previous value of an option",
      in: .tab(.train), unless: isTraining),
    KeyBinding([key("w")], .cycleSide, hint: "layers", "options or layers", in: .tab(.train)),
    KeyBinding([key("d")], .askForData, "choose data", in: .tab(.train), unless: isTraining),
  ]

  private static let log: [KeyBinding] = [
    KeyBinding([key("Y")], .copy, hint: "copy", "copy the line", in: .tab(.log))
  ]

  private static let everywhere: [KeyBinding] = [
    KeyBinding([.enter], .enter, hint: "open", "open the selected session", in: .chooser),
    KeyBinding([.up, key("k")], .move(.up), "up", in: .everywhere),
    KeyBinding([.down, key("j")], .move(.down), "down", in: .everywhere),
    KeyBinding([.pageUp], .move(.pageUp), "a page up", in: .everywhere),
    KeyBinding([.pageDown], .move(.pageDown), "a page down", in: .everywhere),
    KeyBinding([.control("u")], .move(.halfPageUp), "half a page up", in: .everywhere),
    KeyBinding([.control("d")], .move(.halfPageDown), "half a page down", in: .everywhere),
    KeyBinding([.home, key("g")], .move(.top), "first", in: .everywhere),
    KeyBinding([.end, key("G")], .move(.bottom), "last", in: .everywhere),
    KeyBinding([.escape], .back, "back, close, clear", in: .everywhere),
    KeyBinding([key("1")], .selectTab(.layers), "Layers", in: .everywhere),
    KeyBinding([key("2")], .selectTab(.calibrate), "Calibrate", in: .everywhere),
    KeyBinding([key("3")], .selectTab(.errors), "Errors", in: .everywhere),
    KeyBinding([key("4")], .selectTab(.benchmark), "Benchmark", in: .everywhere),
    KeyBinding([key("5")], .selectTab(.train), "Train", in: .everywhere),
    KeyBinding([key("6")], .selectTab(.log), "Log", in: .everywhere),
    KeyBinding([.tab], .cycleTab(by: 1), "next tab", in: .everywhere),
    KeyBinding([.backTab], .cycleTab(by: -1), "previous tab", in: .everywhere),
    KeyBinding(
      [key("e")], .analyseErrors, "measure every layer's loss", in: .everywhere,
      unless: needsCalibration),
    KeyBinding([key("W")], .jumpToWorstLayer, "go to the layer that loses most", in: .everywhere),
    KeyBinding(
      [key("C")], .convert, "convert to int8", in: .everywhere, unless: needsCalibration),
    KeyBinding(
      [key("B")], .runBenchmark, "benchmark", in: .everywhere, unless: needsCalibration),
    KeyBinding(
      [key("X")], .export(path: nil), "export the int8 model", in: .everywhere,
      unless: needsCalibration),
    KeyBinding(
      [key("u")], .undo, hint: "undo", "undo the last change of the recipe", in: .everywhere),
    KeyBinding([.control("r")], .redo, "redo", in: .everywhere),
    KeyBinding(
      [.control("s")], .save(path: nil), hint: "save", "save the session", in: .everywhere),
    KeyBinding(
      [.control("x")], .cancelJob, hint: "cancel", "cancel the running job", in: .everywhere,
      unless: { $0.job == nil ? "no job is running" : nil }),
    KeyBinding([key(":")], .startCommand, "type a command", in: .everywhere),
    KeyBinding([.control("p")], .openPalette, hint: "commands", "find a command", in: .everywhere),
    KeyBinding([.control("l")], .redraw, "draw the screen again", in: .everywhere),
    KeyBinding([key("?"), .function(1)], .openHelp, hint: "help", "this help", in: .everywhere),
    KeyBinding([key("q"), .control("c")], .quit, hint: "quit", "leave", in: .everywhere),
  ]
}
