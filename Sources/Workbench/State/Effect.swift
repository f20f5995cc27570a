package import Quantization
package import Sessions

/// Something the world must do. Effects are data: a test compares them, `EffectRunner` acts.
package enum Effect: Equatable, Sendable {
  case open(path: String)
  case listRecent
  case chooseData(DataRequest)
  case evaluate(generation: Int, Recipe)
  /// Splits and joins layers as the recipe says.
  case regroup(generation: Int, Recipe)
  case detail(generation: Int, layer: String, Recipe)
  /// What conversion writes for a layer.
  case outline(generation: Int, layer: String, Recipe)
  case calibrate(run: Int, DataRequest, Recipe, watched: [String])
  case watch([String], Recipe)
  case pause
  case resume
  case step
  case cancel
  case analyse(run: Int, DataRequest, Recipe)
  case measureSensitivity(run: Int, DataRequest, Recipe)
  case convert(run: Int, Recipe)
  /// Goes on from the record's checkpoint, where it has one; a new one asks
  /// before it trains on data with findings that are not in `accepted`.
  case train(run: Int, TrainingRecord, accepted: [String])
  /// Ends a training early, with what it has.
  case stopTraining
  /// Makes the weights of the last training the model's own, and calibrates anew.
  case keepTraining(run: Int, TrainingRecord, Recipe, DataRequest)
  /// Forgets a training that is not wanted.
  case dropTraining(checkpoint: String?)
  /// Goes back to weights that were in force before, by digest; `nil` is the file's own.
  case useWeights(digest: String?)
  case benchmark(run: Int, Recipe, runs: Int, batchSize: Int, DataRequest)
  /// Asks before it replaces a file, unless that was agreed to.
  /// With data, it also counts what other kernels would saturate.
  case export(run: Int, Recipe, path: String, DataRequest?, replacing: Bool)
  case setThreads(Int)
  /// Asks before it replaces a file, unless that was agreed to.
  case save(path: String, SessionContent, thenQuit: Bool, replacing: Bool)
  /// Soon, not at once: several changes become one write.
  case autosave(sessionPath: String?, SessionContent)
  case recover(path: String)
  /// `nil` is the work that has no session file yet.
  case discardAutosave(path: String?)
  case copy(String)
  case setTheme(String)
  case redraw
  case quit
}

/// Which data, and how they are fed.
package struct DataRequest: Equatable, Sendable {
  /// Empty asks for random data.
  package var path: String
  package var preprocessing: String
  package var batchSize: Int
  package var limit: Int?
  /// Inputs that take what the step before gave, as `state=stateN`.
  package var states: [String]
  /// Which member feeds an input, where names do not tell.
  package var mapping: [String: String] = [:]
  /// The member that holds labels, where names do not tell.
  package var labels: String?
  /// Chooses and orders samples.
  package var seed: UInt64?
  package init(
    path: String, preprocessing: String, batchSize: Int, limit: Int?, states: [String] = []
  ) {
    self.path = path
    self.preprocessing = preprocessing
    self.batchSize = batchSize
    self.limit = limit
    self.states = states
  }
}

/// The part of a session that the state knows; the engine adds statistics and digests.
package struct SessionContent: Equatable, Sendable {
  package var recipe: Recipe
  package var data: DataRequest?
  package var errors: ErrorTable?
  package var benchmark: BenchmarkTable?
  package var log: [LogEntry]
  /// Trainings whose weights are in force.
  package var trainings: [TrainingRecord] = []
  package var unfinishedTraining: TrainingRecord?
  package init(
    recipe: Recipe, data: DataRequest?, errors: ErrorTable?, benchmark: BenchmarkTable?,
    log: [LogEntry]
  ) {
    self.recipe = recipe
    self.data = data
    self.errors = errors
    self.benchmark = benchmark
    self.log = log
  }
}
