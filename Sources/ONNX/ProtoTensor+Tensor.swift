internal import Foundation
internal import SwiftProtobuf
internal import Tensors

extension ProtoTensor {
  /// A message that holds `tensor`.
  init(_ tensor: Tensor) {
    self.init()
    store(tensor)
  }

  /// Shape and element type of `tensor`, without its elements.
  mutating func describe(_ tensor: Tensor) {
    dims = tensor.shape.dimensions.map { Int64($0) }
    dataType = tensor.elementType.rawValue
  }

  /// Everything of `tensor`, its elements as raw bytes, strings as strings.
  mutating func store(_ tensor: Tensor) {
    describe(tensor)
    if let strings = tensor.strings {
      stringData = strings.map { Data($0) }
    } else {
      rawData = tensor.withUnsafeBytes { Data($0) }
    }
  }
}
