package import Tensors

/// What flows along an edge of a graph while it runs: nearly always a tensor.
package enum RunValue: Sendable, Equatable {
  case tensor(Tensor)
  /// Tensors of one element type, in any shapes.
  case sequence([Tensor], ElementType)
  /// An optional that holds nothing. One that holds something is that value.
  case empty

  package var tensor: Tensor? {
    if case .tensor(let tensor) = self { tensor } else { nil }
  }
}
