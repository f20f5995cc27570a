package import Quantization

/// Everything a session file holds. Model and data stay outside, named by path and digest.
package struct Session: Codable, Equatable, Sendable {
  /// What files with trainings have. Raise it, and add a case to `decode`, when an older reader would
  /// misread the file.
  package static let currentVersion = 2

  package var format = "octet session"
  /// Sessions without a training stay readable for programs that know of none.
  package private(set) var version = 1
  /// The program that wrote it, such as `octet 0.1.0`.
  package var tool: String
  package var model: ModelReference
  package var data: DataReference?
  package var recipe: Recipe
  package var statistics: Statistics?
  package var errors: ErrorTable?
  package var benchmark: BenchmarkTable?
  package var host: Host?
  package var log: [LogEntry]
  /// Whose weights were kept, in their order; each began with those of the one before.
  package var trainings: [TrainingRecord]? {
    didSet { raiseVersion() }
  }
  /// One that was under way, or whose weights were neither kept nor discarded.
  package var unfinishedTraining: TrainingRecord? {
    didSet { raiseVersion() }
  }

  private mutating func raiseVersion() {
    version = trainings == nil && unfinishedTraining == nil ? 1 : 2
  }

  package init(tool: String, model: ModelReference, recipe: Recipe) {
    self.tool = tool
    self.model = model
    self.recipe = recipe
    log = []
  }

  /// A model by path, with the digest that tells whether it is still the same.
  package struct ModelReference: Codable, Equatable, Sendable {
    /// Absolute, or relative to the session file's folder.
    package var path: String
    /// Lower-case hexadecimal.
    package var sha256: String
    package var byteCount: Int
    package init(path: String, sha256: String, byteCount: Int) {
      self.path = path
      self.sha256 = sha256
      self.byteCount = byteCount
    }
  }

  /// Calibration data by path, and how they are fed.
  package struct DataReference: Codable, Equatable, Sendable {
    /// Absolute, or relative to the session file's folder; empty for random data.
    package var path: String
    package var preprocessing: String
    package var batchSize: Int
    package var limit: Int?
    package var seed: UInt64?
    /// `state=stateN` for every output that the next step takes as an input.
    package var states: [String]?
    /// Which member feeds an input, where that is not told by names.
    package var mapping: [String: String]?
    /// The member that holds labels.
    package var labels: String?
    /// Digest over all files and choices; `nil` until the data have been read.
    package var digest: String?
    package init(
      path: String, preprocessing: String, batchSize: Int, limit: Int?, seed: UInt64? = nil,
      states: [String]? = nil, mapping: [String: String]? = nil, labels: String? = nil,
      digest: String? = nil
    ) {
      self.path = path
      self.preprocessing = preprocessing
      self.batchSize = batchSize
      self.limit = limit
      self.seed = seed
      self.states = states
      self.mapping = mapping
      self.labels = labels
      self.digest = digest
    }
  }

  /// What calibration saw, by edge.
  package struct Statistics: Codable, Equatable, Sendable {
    package var batches: Int
    package var samples: Int
    package var seconds: Double
    package var edges: [String: TensorStatistics]
    /// Of edges inside of branches and bodies: in how many batches they were made.
    package var reachedBatches: [String: Int]?
    package init(
      batches: Int, samples: Int, seconds: Double, edges: [String: TensorStatistics],
      reachedBatches: [String: Int]? = nil
    ) {
      self.reachedBatches = reachedBatches
      self.batches = batches
      self.samples = samples
      self.seconds = seconds
      self.edges = edges
    }
  }

  /// Where the results were measured.
  package struct Host: Codable, Equatable, Sendable {
    package var processor: String
    package var instructionSet: String
    package var cores: Int
    package init(processor: String, instructionSet: String, cores: Int) {
      self.processor = processor
      self.instructionSet = instructionSet
      self.cores = cores
    }
  }
}

/// One line of the log.
package struct LogEntry: Equatable, Sendable, Codable {
  package enum Kind: String, Equatable, Sendable, Codable { case command, done, warning, error }
  package var kind: Kind
  package var text: String
  package init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}
