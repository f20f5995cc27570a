/// The values of one edge in one batch, borrowed for the length of a call.
///
/// Memory order is `[outer, channels, inner]`: channels-last data has `inner == 1`, NCHW data
/// `inner == height * width`.
package struct BatchView {
  package let values: UnsafeBufferPointer<Float>
  package let outer: Int
  package let channels: Int
  package let inner: Int

  /// - Precondition: `values.count == outer * channels * inner`.
  package init(_ values: UnsafeBufferPointer<Float>, outer: Int, channels: Int, inner: Int) {
    precondition(
      values.count == outer * channels * inner,
      "\(values.count) values as \(outer)x\(channels)x\(inner)")
    self.values = values
    self.outer = outer
    self.channels = channels
    self.inner = inner
  }

  /// Values without channels.
  package init(_ values: UnsafeBufferPointer<Float>) {
    self.init(values, outer: 1, channels: 1, inner: values.count)
  }
}
