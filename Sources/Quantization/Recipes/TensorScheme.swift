/// How the range of a tensor is turned into a map.
package enum Symmetry: String, Codable, Sendable, CaseIterable { case symmetric, affine }

/// How many maps a tensor has.
package enum Granularity: String, Codable, Sendable, CaseIterable { case perTensor, perChannel }

/// Which scales a tensor may have.
package enum ScaleForm: String, Codable, Sendable, CaseIterable {
  case any
  /// The next power of two that covers the range: a shift instead of a multiplication, and all that
  /// is computed on codes is exact in float too.
  case powerOfTwo
}

/// How one tensor is quantized: type, scheme, and the observer that finds its range.
package struct TensorScheme: Hashable, Codable, Sendable {
  package var type: QuantizedType
  package var symmetry: Symmetry
  package var granularity: Granularity
  package var observer: ObserverKind
  /// Uses half the codes (PyTorch: 0..127, -64..63), so that 16-bit sums cannot overflow.
  package var reduceRange: Bool
  /// Leaves out the lowest signed code: -127..127.
  package var narrowRange: Bool
  /// The least scale that is used.
  package var epsilon: Float
  package var scale: ScaleForm
  /// Of weights that only are stored in codes: how many inputs of a channel share one map; 0 for
  /// all of them.
  package var groupSize: Int
  /// Whose arithmetic is used; set by the target, not by rules.
  package var profile: NumericProfile

  package static let defaultEpsilon: Float = 0x1p-23

  package init(
    type: QuantizedType, symmetry: Symmetry, granularity: Granularity = .perTensor,
    observer: ObserverKind, reduceRange: Bool = false, narrowRange: Bool = false,
    epsilon: Float = TensorScheme.defaultEpsilon, scale: ScaleForm = .any,
    groupSize: Int = 0,
    profile: NumericProfile = .torch
  ) {
    self.type = type
    self.symmetry = symmetry
    self.granularity = granularity
    self.observer = observer
    self.reduceRange = reduceRange
    self.narrowRange = narrowRange
    self.epsilon = epsilon
    self.scale = scale
    self.groupSize = groupSize
    self.profile = profile
  }
}
