import Execution
import Tensors

/// A copy of an observed value, kept until another run makes its counterpart.
struct HeldValue {
  private var floats: [Float] = []
  private var shape = Shape.scalar
  private var layout = Layout.rowMajor

  mutating func hold(_ value: ObservedValue) {
    floats.removeAll(keepingCapacity: true)
    floats.append(contentsOf: value.floats)
    shape = value.shape
    layout = value.layout
  }

  mutating func hold(_ tensor: Tensor) {
    floats.removeAll(keepingCapacity: true)
    tensor.withUnsafeElements(of: Float.self) { floats.append(contentsOf: $0) }
    shape = tensor.shape
    layout = .rowMajor
  }

  /// Calls `body` with this value and `other` in the same order of elements; does nothing when
  /// their shapes differ.
  func paired(
    with other: ObservedValue,
    _ body: (UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>) -> Void
  ) {
    guard shape == other.shape else { return }
    if layout == other.layout || other.channels == 1 {
      floats.withUnsafeBufferPointer { body($0, other.floats) }
    } else if layout == .rowMajor {
      other.tensor().withUnsafeElements(of: Float.self) { test in
        floats.withUnsafeBufferPointer { body($0, test) }
      }
    } else {
      // Channels-last here, row-major there: bring this one into the other's order.
      let channels = other.channels
      let pixels = floats.count / (shape[0] * channels)
      let reordered = [Float](unsafeUninitializedCapacity: floats.count) { target, count in
        for image in 0..<shape[0] {
          let base = image * channels * pixels
          for channel in 0..<channels {
            for pixel in 0..<pixels {
              target[base + channel * pixels + pixel] = floats[base + pixel * channels + channel]
            }
          }
        }
        count = floats.count
      }
      reordered.withUnsafeBufferPointer { body($0, other.floats) }
    }
  }
}
