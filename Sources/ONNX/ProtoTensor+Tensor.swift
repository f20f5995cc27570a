internal import Foundation
internal import SwiftProtobuf
internal import Tensors

extension ProtoTensor {
  /// A message that holds `tensor`, its elements as raw bytes.
  init(_ tensor: Tensor) {
    self.init()
    dims = tensor.shape.dimensions.map { Int64($0) }
    dataType = tensor.elementType.rawValue
    if let strings = tensor.strings {
      stringData = strings.map { Data($0) }
    } else {
      rawData = tensor.withUnsafeBytes { Data($0) }
    }
  }
}
