package import Tensors

/// A kept value while its plan runs. Borrowed: valid only during the call that hands it out.
package struct ObservedValue {
  package let name: String
  /// In ONNX order (`[n, c, h, w]`), whatever the layout.
  package let shape: Shape
  package let layout: Layout
  package let elementType: ElementType
  /// The elements in memory order; empty when the value is not float32.
  package let floats: UnsafeBufferPointer<Float>
  /// What the integer plan holds in its place.
  package let codes: ObservedCodes?
  /// The elements of a value that is neither float32 nor codes.
  let bytes: UnsafeRawBufferPointer

  /// Memory order is `[outer, channels, inner]`, where channels are axis 1 of a value of rank 2 or
  /// more; one channel otherwise.
  package var outer: Int {
    guard shape.rank >= 2 else { return 1 }
    return layout == .rowMajor
      ? shape[0] : shape[0] * shape.dimensions[2...].reduce(1, *)
  }
  package var channels: Int { shape.rank >= 2 ? shape[1] : 1 }
  package var inner: Int {
    guard shape.rank >= 2 else { return shape.elementCount }
    return layout == .rowMajor ? shape.dimensions[2...].reduce(1, *) : 1
  }

  /// A copy in row-major order: float32 where there are floats, codes in their own type otherwise.
  package func tensor() -> Tensor {
    if elementType == .float32 {
      return Tensor(rowMajor(floats), shape: shape)
    }
    if let codes {
      let values = rowMajor(codes.bytes)
      return codes.isSigned
        ? Tensor(values.map { Int8(bitPattern: $0 ^ 0x80) }, shape: shape)
        : Tensor(values, shape: shape)
    }
    var result = Tensor(elementType, shape: shape)
    result.withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
    return result
  }

  private func rowMajor<Element>(_ values: UnsafeBufferPointer<Element>) -> [Element] {
    guard layout == .channelsLast else { return Array(values) }
    let positions = shape.dimensions[2...].reduce(1, *)
    return [Element](unsafeUninitializedCapacity: values.count) { target, count in
      for image in 0..<shape[0] {
        for channel in 0..<shape[1] {
          for position in 0..<positions {
            target.initializeElement(
              at: (image * shape[1] + channel) * positions + position,
              to: values[(image * positions + position) * shape[1] + channel])
          }
        }
      }
      count = values.count
    }
  }
}

/// The integers that stand for a real value: `real = scale * (byte - zeroPoint)`.
package struct ObservedCodes {
  /// In memory order. Codes of type int8 are shifted by +128, and so is `zeroPoint`.
  package let bytes: UnsafeBufferPointer<UInt8>
  package let scale: Float
  package let zeroPoint: Int32
  /// Whether the model's own codes are int8.
  package let isSigned: Bool

  /// The model's own code at `index`, in memory order.
  package func code(_ index: Int) -> Int32 { Int32(bytes[index]) - (isSigned ? 128 : 0) }
}
