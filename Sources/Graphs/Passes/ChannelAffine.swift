/// `y = (x - shift) * scale + offset`, one of each for every channel, in float32.
struct ChannelAffine: Equatable {
  var shift: [Float]
  var scale: [Float]
  var offset: [Float]

  /// Without a shift.
  init(scale: [Float], offset: [Float]) {
    shift = Array(repeating: 0, count: scale.count)
    self.scale = scale
    self.offset = offset
  }

  /// Batch normalization at inference: `scale = gamma / √(variance + epsilon)`, around the mean.
  init(gamma: [Float], beta: [Float], mean: [Float], variance: [Float], epsilon: Float) {
    shift = mean
    scale = zip(gamma, variance).map { $0 / ($1 + epsilon).squareRoot() }
    offset = beta
  }

  var isFinite: Bool {
    scale.allSatisfy(\.isFinite) && shift.allSatisfy(\.isFinite) && offset.allSatisfy(\.isFinite)
  }

  /// The bias of a linear operator that applies the map to its results.
  func bias(from bias: [Float]) -> [Float] {
    bias.indices.map { (bias[$0] - shift[$0]) * scale[$0] + offset[$0] }
  }

  var keepsWeights: Bool { scale.allSatisfy { $0 == 1 } }
}
