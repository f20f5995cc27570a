internal import CKernels

/// Rounding to codes and back, and the gradients that pass: straight through inside of the range
/// of codes, none outside of it.
///
/// Tensors are seen as `[outer, channels, inner]`, with a map for each channel.
package struct FakeQuantizationFloat: Sendable {
  /// `real = scale * (code - zeroPoint)` for codes `lowest...highest`.
  package struct Map: Hashable, Sendable {
    package var scale: Float
    package var zeroPoint: Float
    package var lowest: Float
    package var highest: Float

    package init(scale: Float, zeroPoint: Float, lowest: Float, highest: Float) {
      self.scale = scale
      self.zeroPoint = zeroPoint
      self.lowest = lowest
      self.highest = highest
    }

    fileprivate var kernelMap: kern_code_map {
      kern_code_map(
        scale: scale, inverse: 1 / scale, lowest: lowest - zeroPoint,
        highest: highest - zeroPoint)
    }
  }

  package let outer: Int
  package let channels: Int
  package let inner: Int
  private let isa: InstructionSet

  package init(outer: Int, channels: Int, inner: Int, isa: InstructionSet) {
    self.outer = outer
    self.channels = channels
    self.inner = inner
    self.isa = isa
  }

  /// `scale * (clamp(rint(x / scale) + zeroPoint) - zeroPoint)`; in place is allowed.
  package func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, maps: [Map],
    pool: ThreadPool
  ) {
    let kernel = isa.gradientKernels.fake_quantize
    each(maps, pool) { map, first, count in
      var map = map
      kernel(&map, input + first, output + first, count)
    }
  }

  /// The gradient that passes; in place is allowed.
  package func gradient(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    into inputGradient: UnsafeMutablePointer<Float>, maps: [Map], pool: ThreadPool
  ) {
    let kernel = isa.gradientKernels.fake_quantize_gradient
    each(maps, pool) { map, first, count in
      var map = map
      kernel(&map, input + first, outputGradient + first, inputGradient + first, count)
    }
  }

  /// Gradients of the scales, one per map, with rounding taken for the identity.
  /// - Source: Esser et al. 2020, Learned Step Size Quantization, equation 3.
  package func scaleGradients(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, maps: [Map]
  ) -> [Double] {
    let kernel = isa.gradientKernels.step_size
    var sums = [Double](repeating: 0, count: maps.count)
    for channel in 0..<channels {
      var map = maps[channel].kernelMap
      for row in 0..<outer {
        let first = (row * channels + channel) * inner
        sums[channel] += kernel(&map, input + first, outputGradient + first, inner)
      }
    }
    return sums
  }

  private func each(
    _ maps: [Map], _ pool: ThreadPool, _ body: (kern_code_map, Int, Int) -> Void
  ) {
    precondition(maps.count == channels, "\(maps.count) maps for \(channels) channels")
    if channels == 1 {
      let map = maps[0].kernelMap
      pool.parallel(outer * inner, grain: 16_384) { body(map, $0.lowerBound, $0.count) }
      return
    }
    pool.parallel(outer * channels, grain: max(1, 16_384 / max(inner, 1))) { rows in
      for row in rows { body(maps[row % channels].kernelMap, row * inner, inner) }
    }
  }
}
