package import Sessions
import Training

/// The Train tab: how the model is to be trained, the run, and what came of it.
package struct TrainFeature: Equatable, Sendable {
  package enum Phase: Equatable, Sendable {
    case ready, running, paused, stopping
    /// Waits to be kept or discarded.
    case done
    case failed(String)
  }

  /// Whose weights are trained.
  package enum Layers: Equatable, Sendable {
    case all, marked
    /// Those that lose most.
    case worst(Int)
  }

  package enum Option: String, CaseIterable, Equatable, Sendable {
    case layers, loss, epochs, rate, schedule, optimizer, batch, data, preprocess, samples
    case heldOut = "held-out"

    package var hint: String {
      switch self {
      case .layers: "all, marked, or worst N"
      case .loss:
        "auto, \(TrainingSettings.Loss.allCases.map(\.rawValue).joined(separator: ", "))"
      case .epochs: "rounds over the samples"
      case .rate: "the learning rate to begin with, such as 0.0005"
      case .schedule: "constant, cosine or step=EPOCHS:FACTOR"
      case .optimizer: TrainingSettings.Optimizer.allCases.map(\.rawValue).joined(separator: ", ")
      case .batch: "samples in one update"
      case .data: "a file or folder, or the word same for those of calibration"
      case .preprocess: "such as scale=1/255, none, or the word same for that of calibration"
      case .samples: "how many at most, or the word all"
      case .heldOut: "percent of the samples that are kept apart to judge by"
      }
    }
  }

  package enum Focus: Equatable, Sendable { case options, layers }

  /// A place on the curve of losses.
  package struct Loss: Equatable, Sendable {
    /// Epochs done.
    package var place: Double
    package var value: Double
    package init(place: Double, value: Double) {
      self.place = place
      self.value = value
    }
  }

  package var phase = Phase.ready
  package var settings = TrainingSettings()
  package var layers = Layers.all
  /// Nil takes those of calibration.
  package var dataPath: String?
  /// Nil takes that of calibration.
  package var preprocessing: String?
  /// Findings in the data that a person has seen and trains with all the same.
  package var accepted: [String] = []
  package var limit: Int?
  package var focus = Focus.options
  package var cursor = ListCursor()
  package var driftCursor = ListCursor()
  /// The training under way, or the one that waits to be kept.
  package var record: TrainingRecord?
  package var progress: TrainingProgressSummary?
  package private(set) var losses: [Loss] = []

  package init() {}

  package var isRunning: Bool { phase == .running || phase == .paused || phase == .stopping }

  package var selectedOption: Option {
    let all = Option.allCases
    return all[min(max(cursor.selected, 0), all.count - 1)]
  }

  /// Points of the curve are joined two by two when there are more than can be told apart.
  private static let mostLosses = 600

  mutating func add(_ summary: TrainingProgressSummary) {
    var summary = summary
    // Between epochs only what changes is sent.
    if summary.epochs.isEmpty { summary.epochs = progress?.epochs ?? [] }
    if summary.drift.isEmpty { summary.drift = progress?.drift ?? [] }
    summary.float = summary.float ?? progress?.float
    summary.calibrated = summary.calibrated ?? progress?.calibrated
    if summary.loss == nil {
      summary.gradientNorm = progress?.gradientNorm ?? 0
      summary.rate = progress?.rate ?? 0
    }
    progress = summary
    guard let loss = summary.loss else { return }
    losses.append(Loss(place: summary.place, value: loss))
    guard losses.count > Self.mostLosses else { return }
    losses = stride(from: 0, to: losses.count, by: 2).map { first in
      // The newest has no partner where there is an odd number.
      guard first + 1 < losses.count else { return losses[first] }
      return Loss(
        place: losses[first + 1].place,
        value: (losses[first].value + losses[first + 1].value) / 2)
    }
  }

  mutating func begin(_ record: TrainingRecord) {
    phase = .running
    self.record = record
    self.record?.result = nil
    progress = nil
    losses = []
    driftCursor = ListCursor()
  }

  mutating func forget() {
    phase = .ready
    record = nil
    progress = nil
    losses = []
    focus = .options
  }

  /// What an option is now, for the list.
  package func text(_ option: Option, marked: Int, hasLabels: Bool) -> String {
    switch option {
    case .layers:
      switch layers {
      case .all: "all"
      case .marked: "\(marked) marked"
      case .worst(let count): "worst \(count)"
      }
    case .loss:
      settings.loss?.rawValue
        ?? "auto: "
        + (hasLabels ? TrainingSettings.Loss.crossEntropy : TrainingSettings.Loss.divergence)
        .rawValue
    case .epochs: "\(settings.epochs)"
    case .rate: Numbers.real(settings.rate)
    case .schedule: settings.schedule
    case .optimizer: settings.optimizer.rawValue
    case .batch: "\(settings.batchSize)"
    case .data: dataPath.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "same"
    case .preprocess: preprocessing.map { $0.isEmpty ? "none" : $0 } ?? "same"
    case .samples: limit.map { "\($0)" } ?? "all"
    case .heldOut: Numbers.fixed(settings.validationShare * 100, places: 0) + "%"
    }
  }

  private static let counts = 1...TrainingOptions.most

  /// Takes a value that a person typed.
  package mutating func set(_ option: Option, _ text: String) throws(CommandError) {
    func refused(_ expected: String) -> CommandError {
      .badValue(command: "training \(option.rawValue)", value: text, expected: [expected])
    }
    func whole() throws(CommandError) -> Int {
      guard let number = Int(text), Self.counts.contains(number) else {
        throw refused("a whole number from 1 to \(Self.counts.upperBound)")
      }
      return number
    }
    switch option {
    case .layers:
      let words = text.split { $0 == " " || $0 == ":" }
      switch words.first {
      case "all" where words.count == 1: layers = .all
      case "marked" where words.count == 1: layers = .marked
      case "worst" where words.count == 2:
        guard let count = Int(words[1]), Self.counts.contains(count) else {
          throw refused(option.hint)
        }
        layers = .worst(count)
      default: throw refused(option.hint)
      }
    case .loss:
      guard text == "auto" || TrainingSettings.Loss(rawValue: text) != nil else {
        throw refused(option.hint)
      }
      settings.loss = TrainingSettings.Loss(rawValue: text)
    case .epochs: settings.epochs = try whole()
    case .rate:
      guard let rate = Float(text), rate > 0, rate.isFinite else {
        throw refused("a number above 0, such as 0.0005")
      }
      settings.rate = rate
    case .schedule:
      guard LearningSchedule.isKnown(text) else { throw refused(option.hint) }
      settings.schedule = text
    case .optimizer:
      guard let optimizer = TrainingSettings.Optimizer(rawValue: text) else {
        throw refused(option.hint)
      }
      settings.optimizer = optimizer
    case .batch: settings.batchSize = try whole()
    case .data:
      let path = text == "same" ? nil : text
      if path != dataPath { accepted = [] }
      dataPath = path
    case .preprocess:
      let steps = text == "same" ? nil : text == "none" ? "" : text
      if steps != preprocessing { accepted = [] }
      preprocessing = steps
    case .samples: limit = text == "all" ? nil : try whole()
    case .heldOut:
      let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
      guard let percent = Double(digits), percent >= 0, percent < 100 else {
        throw refused("a number from 0 up to 100")
      }
      settings.validationShare = percent / 100
    }
  }

  /// The value before or after the present one; false where an option has to be typed.
  mutating func adjust(_ option: Option, by step: Int, marked: Int) -> Bool {
    switch option {
    case .layers:
      let choices: [Layers] = [.all] + (marked > 0 ? [.marked] : []) + [.worst(1), .worst(3)]
      if case .worst(let count) = layers, Self.counts.contains(count + step) {
        layers = .worst(count + step)
      } else {
        layers = Self.next(layers, step, among: choices)
      }
    case .loss:
      let choices: [TrainingSettings.Loss?] = [nil] + TrainingSettings.Loss.allCases
      settings.loss = Self.next(settings.loss, step, among: choices)
    case .epochs:
      settings.epochs = min(max(settings.epochs + step, 1), Self.counts.upperBound)
    case .rate: settings.rate = Self.nearRate(settings.rate, step)
    case .schedule:
      settings.schedule = Self.next(settings.schedule, step, among: ["cosine", "constant"])
    case .optimizer:
      settings.optimizer = Self.next(
        settings.optimizer, step, among: TrainingSettings.Optimizer.allCases)
    case .batch:
      settings.batchSize =
        step > 0
        ? max(min(settings.batchSize * 2, 4096), settings.batchSize)
        : max(settings.batchSize / 2, 1)
    case .heldOut:
      let percent = (settings.validationShare * 100).rounded() + Double(5 * step)
      settings.validationShare = min(max(percent, 5), 50) / 100
    case .data, .preprocess, .samples: return false
    }
    return true
  }

  private static func next<Value: Equatable>(
    _ value: Value, _ step: Int, among all: [Value]
  ) -> Value {
    let index = all.firstIndex(of: value) ?? 0
    return all[((index + step) % all.count + all.count) % all.count]
  }

  /// 1, 2, 5, 10 … times a power of ten.
  private static func nearRate(_ rate: Float, _ step: Int) -> Float {
    let choices: [Float] = [
      1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05,
      0.1, 0.2, 0.5, 1,
    ]
    if step > 0 { return choices.first { $0 > rate * 1.01 } ?? rate }
    return choices.last { $0 < rate * 0.99 } ?? rate
  }
}
