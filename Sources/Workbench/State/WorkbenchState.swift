package import Quantization
package import Sessions

/// Everything the screen shows. One value; `update` is the only thing that changes it.
package struct WorkbenchState: Equatable, Sendable {
  package struct Job: Equatable, Sendable {
    package enum Kind: String, Equatable, Sendable {
      case opening, calibration, errors, sensitivity, conversion, training, keeping, benchmark
      case export

      package var title: String {
        switch self {
        case .opening: "opening"
        case .calibration: "calibrating"
        case .errors: "measuring errors"
        case .sensitivity: "sensitivity"
        case .conversion: "converting"
        case .training: "training"
        case .keeping: "keeping weights"
        case .benchmark: "benchmarking"
        case .export: "exporting"
        }
      }
    }
    package var kind: Kind
    package var run: Int
    package var progress: JobProgress
    package var isPaused = false
    package var isCancelling = false
  }

  package struct Message: Equatable, Sendable {
    package enum Kind: Equatable, Sendable { case info, warning, error }
    package var kind: Kind
    package var text: String
  }

  package var width = 80
  package var height = 24
  package var tab = Tab.layers
  package var project: ProjectSummary?
  package var sessionPath: String?
  package var isUnsaved = false
  /// Whether something changed after the session was handed over for writing.
  var hasChangedSinceSave = false
  /// What the recipe said of fusing when the layers were grouped last.
  var groupedBy: [Rule] = []
  /// The generation in which that was asked for, so that late answers are told apart.
  var groupingGeneration = 0
  package var history = RecipeHistory(Recipe(target: .x86))
  /// Counts recipe and statistics changes, so that late evaluations are told apart.
  package var generation = 0
  /// Counts jobs.
  package var run = 0
  package var job: Job?
  package var overlay: Overlay?
  package var message: Message?
  package var commandHistory: [String] = []
  package var recent: [RecentSession] = []
  package var chooserCursor = ListCursor()

  package var layers = LayersFeature()
  package var calibrate = CalibrateFeature()
  package var errors = ErrorsFeature()
  package var benchmark = BenchmarkFeature()
  package var conversion: ConversionSummary?
  package var train = TrainFeature()
  package var log = LogFeature()

  package init() {}

  package var recipe: Recipe { history.recipe }

  /// Trainings whose weights are in force.
  package var trainings: [TrainingRecord] { history.present.trainings }

  /// Whether the last step of the history put other weights in force.
  package var undoTakesWeightsBack: Bool {
    history.past.last.map { $0.trainings != trainings } ?? false
  }

  /// Rows that a list may show: what the frame (title, tabs, header, two lines below) leaves.
  package var visibleRows: Int { max(height - 7, 1) }

  package var selectedLayer: LayerSummary? {
    project.flatMap { layers.selectedLayer(in: $0.layers) }
  }

  /// The module whose row is selected, such as `encoder/0`.
  package var selectedScope: String? {
    project.flatMap { layers.selectedScope(in: $0.layers) }
  }

  /// Whether the recipe quantizes something statically and nothing was observed yet.
  package var lacksCalibration: Bool {
    calibrate.summary == nil
      && (layers.evaluations.isEmpty
        || layers.evaluations.values.contains { $0.qconfig.precision == .staticInt8 })
  }

  package mutating func say(_ text: String, _ kind: Message.Kind = .info) {
    message = Message(kind: kind, text: text)
    if kind == .error { log.append(.error, text) }
  }
}
