/// How a model is trained.
package struct TrainingOptions: Hashable, Sendable {
  package var objective: Objective
  package var epochs = 3
  package var batchSize = 32
  package var optimizer = OptimizerKind.adamW(
    beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0)
  package var rate = LearningRate(1e-3, shape: .cosine)
  /// Gradients longer than this are shortened.
  package var clip: Float?
  package var seed: UInt64 = 0
  /// How much of the samples is kept apart for validation where no other samples are given.
  package var validationShare = 0.1
  /// Epochs without a better validation after which training stops.
  package var patience: Int?
  package var ranges = RangeRule.recipe
  package var averagingConstant: Float = 0.01
  /// Whether scales of weights are trained (LSQ).
  package var learnsScales = false
  /// Whether scales of activations are trained, too.
  package var learnsActivationScales = false
  /// After how many epochs ranges stay as they are.
  package var rangeEpochs: Int?
  /// Inner values that are pulled towards the float model's, and how much they count together.
  package var innerValues: [String] = []
  package var innerWeight = 1.0
  /// Whether batch normalizations are trained as such, and not as part of convolutions.
  package var trainsNormalizations = false
  /// After how many epochs normalizations keep their running statistics.
  package var normalizationEpochs: Int?
  /// Layers whose weights and biases are trained; all where it is nil.
  package var layers: [String]?

  package init(_ objective: Objective) { self.objective = objective }

  /// The largest number of epochs, samples in a batch and steps: products of two stay whole numbers.
  package static let most = 1_000_000

  /// What keeps the options from making sense.
  package func check() throws(TrainingError) {
    func refuse(_ condition: Bool, _ detail: String) throws(TrainingError) {
      if condition { throw .badOption(detail) }
    }
    try refuse(epochs < 1, "Epochs must be a whole number above 0.")
    try refuse(epochs > Self.most, "Epochs go up to \(Self.most).")
    try refuse(batchSize < 1, "The batch must hold at least one sample.")
    try refuse(batchSize > Self.most, "A batch holds up to \(Self.most) samples.")
    try refuse(
      !(rate.initial > 0 && rate.initial.isFinite), "The learning rate must be above 0.")
    try refuse(
      !(0...Self.most).contains(rate.warmUpSteps),
      "Warm-up takes a number of steps from 0 to \(Self.most).")
    if case .steps(let epochs, let factor) = rate.shape {
      try refuse(
        !(1...Self.most).contains(epochs) || !(factor > 0 && factor <= 1),
        "Steps of the rate take epochs from 1 to \(Self.most) and a factor above 0, at most 1.")
    }
    if let clip { try refuse(!(clip > 0), "Gradients are clipped to a length above 0.") }
    try refuse(
      !(validationShare >= 0 && validationShare < 1), "The validation share lies in 0..<1.")
    try refuse(
      !(averagingConstant > 0 && averagingConstant <= 1),
      "The averaging constant lies above 0 and at most at 1.")
    if case .divergence(let temperature) = objective {
      try refuse(!(temperature > 0), "The temperature must be above 0.")
    }
    if let patience { try refuse(patience < 1, "Patience takes a number of epochs above 0.") }
    try refuse(layers?.isEmpty ?? false, "No layer is chosen to be trained.")
  }
}
