package import Quantization
package import Sessions

/// What an effect reports. `run` tells a job's late reports from those of the next one.
package enum Event: Equatable, Sendable {
  case opened(OpenedProject)
  case openFailed(path: String, message: String)
  case dataChosen(DataSummary)
  case evaluated(generation: Int, evaluations: [LayerEvaluation])
  /// The layers after some were split or joined, and edges of theirs that calibration did not see.
  case regrouped(generation: Int, ProjectSummary, unobserved: [String])
  case detailed(generation: Int, detail: LayerDetail)
  case outlined(generation: Int, LayerOutline)
  case jobProgressed(run: Int, JobProgress)
  case calibrationProgressed(run: Int, CalibrationProgressSummary)
  case calibrated(run: Int, CalibrationSummary)
  case errorsAnalysed(run: Int, ErrorTable)
  case sensitivityMeasured(run: Int, [SensitivityRow])
  case converted(run: Int, ConversionSummary)
  /// With the settings that the data decided; once more when there is a checkpoint to go on from.
  case trainingStarted(run: Int, TrainingRecord)
  /// Nothing was trained: the data look wrong, unlike those of calibration.
  case trainingQuestioned(run: Int, DataSummary.Finding)
  case trainingProgressed(run: Int, TrainingProgressSummary)
  case trained(run: Int, TrainingRecord)
  /// With what can go on, or begin anew, once the reason is mended; `nil` where nothing can.
  case trainingFailed(run: Int, message: String, left: TrainingRecord?)
  case trainingKept(run: Int, KeptTraining)
  /// The weights that were asked for are in force.
  case weightsUsed(ProjectSummary, CalibrationSummary?)
  case benchmarked(run: Int, BenchmarkTable)
  case exported(run: Int, ExportSummary)
  /// Nothing was written, because there is a file already.
  case exportExists(run: Int, path: String)
  case cancelled(run: Int)
  case failed(run: Int, message: String)
  case saved(path: String, thenQuit: Bool)
  /// Nothing was written, because there is another file of that name.
  case sessionExists(path: String, thenQuit: Bool)
  case autosaved
  case sessionFailed(message: String)
  case recoverable(path: String, description: String)
  case recentListed([RecentSession])
  case watchedSampled([LiveTensor])
}

/// A model as it was opened, with what its session remembered.
package struct OpenedProject: Equatable, Sendable {
  package var project: ProjectSummary
  package var recipe: Recipe
  package var sessionPath: String?
  package var data: DataSummary?
  package var batchSize: Int
  package var limit: Int?
  package var preprocessing: String
  package var states: [String] = []
  package var calibration: CalibrationSummary?
  package var errors: ErrorTable?
  package var benchmark: BenchmarkTable?
  package var conversion: ConversionSummary?
  package var log: [LogEntry]
  package var mapping: [String: String] = [:]
  package var labels: String?
  package var seed: UInt64?
  /// Trainings whose weights are in force.
  package var trainings: [TrainingRecord] = []
  package var unfinishedTraining: TrainingRecord?
  /// Whether this is unsaved work of an earlier run.
  package var isRecovered = false

  package init(
    project: ProjectSummary, recipe: Recipe, sessionPath: String? = nil, data: DataSummary? = nil,
    batchSize: Int = 1, limit: Int? = nil, preprocessing: String = "",
    calibration: CalibrationSummary? = nil, errors: ErrorTable? = nil,
    benchmark: BenchmarkTable? = nil, conversion: ConversionSummary? = nil, log: [LogEntry] = []
  ) {
    self.project = project
    self.recipe = recipe
    self.sessionPath = sessionPath
    self.data = data
    self.batchSize = batchSize
    self.limit = limit
    self.preprocessing = preprocessing
    self.calibration = calibration
    self.errors = errors
    self.benchmark = benchmark
    self.conversion = conversion
    self.log = log
  }
}

package struct RecentSession: Equatable, Sendable {
  package var path: String
  package var title: String
  package var detail: String
  package init(path: String, title: String, detail: String) {
    self.path = path
    self.title = title
    self.detail = detail
  }
}
