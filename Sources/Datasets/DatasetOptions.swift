import Tensors

/// Which data to take, how much, and what to do with it.
package struct DatasetOptions: Equatable, Sendable {
  package var purpose = DatasetPurpose.calibration
  /// From an input to a member, or to several joined by `+`, whose samples follow each other.
  package var mapping: [String: String] = [:]
  /// The member that holds the classes; found by its name when `nil`.
  package var labels: String?
  /// At most so many samples.
  package var limit: Int?
  /// Draws the samples in random order; they come in their own order when `nil`.
  package var seed: UInt64?
  /// Samples to a batch, where the model takes any number.
  package var batchSize = 1
  /// Inputs that are no data but what the step before gave; samples are then steps, in order.
  package var states: [StateLink] = []
  /// For every input that takes float values.
  package var preprocessing = Preprocessing()
  /// For single inputs, instead of `preprocessing`.
  package var preprocessingByInput: [String: Preprocessing] = [:]

  package init(
    purpose: DatasetPurpose = .calibration, mapping: [String: String] = [:],
    labels: String? = nil, limit: Int? = nil, seed: UInt64? = nil, batchSize: Int = 1,
    states: [StateLink] = [], preprocessing: Preprocessing = Preprocessing(),
    preprocessingByInput: [String: Preprocessing] = [:]
  ) {
    self.purpose = purpose
    self.mapping = mapping
    self.labels = labels
    self.limit = limit
    self.seed = seed
    self.batchSize = batchSize
    self.states = states
    self.preprocessing = preprocessing
    self.preprocessingByInput = preprocessingByInput
  }

  /// Integer inputs are codes or sizes, which scaling would spoil.
  func preprocessing(for input: InputSpecification) -> Preprocessing {
    if let own = preprocessingByInput[input.name] { return own }
    return [.float32, .float64, .float16, .bfloat16].contains(input.elementType)
      ? preprocessing : Preprocessing()
  }
}
