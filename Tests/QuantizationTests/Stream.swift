import Quantization
import Tensors

/// Values that look random and are the same on every run (SplitMix64).
struct Stream {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func bits() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// In 0..<1.
  mutating func uniform() -> Float { Float(bits() >> 40) * 0x1p-24 }

  /// Roughly normal with deviation 1: the sum of twelve uniform values.
  mutating func normal() -> Float {
    var sum: Float = -6
    for _ in 0..<12 { sum += uniform() }
    return sum
  }

  mutating func normals(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in normal() * scale }
  }
}

extension TensorStatistics {
  /// Statistics over batches of one channel each.
  static func over(_ batches: [[Float]], channelAxis: Int? = nil) -> TensorStatistics {
    var statistics = TensorStatistics(channelAxis: channelAxis)
    for batch in batches { statistics.observe(batch) }
    return statistics
  }

  mutating func observe(_ values: [Float]) {
    values.withUnsafeBufferPointer {
      observe(BatchView($0), using: ScalarObservationKernels())
    }
  }

  mutating func observe(_ values: [Float], outer: Int, channels: Int, inner: Int) {
    values.withUnsafeBufferPointer {
      observe(
        BatchView($0, outer: outer, channels: channels, inner: inner),
        using: ScalarObservationKernels())
    }
  }
}

extension TensorScheme {
  static func activation(
    _ observer: ObserverKind = .minMax, _ symmetry: Symmetry = .affine, reduceRange: Bool = false
  ) -> TensorScheme {
    TensorScheme(
      type: .quint8, symmetry: symmetry, observer: observer, reduceRange: reduceRange)
  }

  static func weight(
    _ granularity: Granularity = .perChannel, _ observer: ObserverKind = .minMax,
    narrowRange: Bool = false
  ) -> TensorScheme {
    TensorScheme(
      type: .qint8, symmetry: .symmetric, granularity: granularity, observer: observer,
      narrowRange: narrowRange)
  }
}
