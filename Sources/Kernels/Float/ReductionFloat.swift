internal import CKernels

/// Reductions over the middle of `[outer, middle, inner]`, giving `[outer, inner]`.
///
/// A global pool over NHWC is `outer` images, `middle` pixels and `inner` channels; a reduction of
/// the innermost axis has `inner` 1.
package enum ReductionFloat {
  package static func mean(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, outer: Int,
    middle: Int, inner: Int, isa: InstructionSet, pool: ThreadPool
  ) {
    let factor = 1 / Float(middle)
    reduce(KERN_F32_SUM, input, into: output, (outer, middle, inner), factor, isa, pool)
  }

  package static func sum(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, outer: Int,
    middle: Int, inner: Int, isa: InstructionSet, pool: ThreadPool
  ) {
    reduce(KERN_F32_SUM, input, into: output, (outer, middle, inner), 1, isa, pool)
  }

  /// NaN where one of the values is.
  package static func maximum(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, outer: Int,
    middle: Int, inner: Int, isa: InstructionSet, pool: ThreadPool
  ) {
    reduce(KERN_F32_LARGEST, input, into: output, (outer, middle, inner), 1, isa, pool)
  }

  /// NaN where one of the values is.
  package static func minimum(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, outer: Int,
    middle: Int, inner: Int, isa: InstructionSet, pool: ThreadPool
  ) {
    reduce(KERN_F32_SMALLEST, input, into: output, (outer, middle, inner), 1, isa, pool)
  }

  private static func reduce(
    _ operation: kern_f32_reduction, _ input: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>, _ sizes: (outer: Int, middle: Int, inner: Int),
    _ factor: Float, _ isa: InstructionSet, _ pool: ThreadPool
  ) {
    let (outer, middle, inner) = sizes
    precondition(middle > 0, "a reduction of nothing")
    let kernel = isa.floatKernels.reduce
    // Channels are cut too, as there is often one image only.
    let width = 128
    let pieces = (inner + width - 1) / width
    pool.parallel(outer * pieces, grain: max(1, 16_384 / (middle * min(inner, width) + 1))) {
      range in
      for index in range {
        let row = index / pieces
        let first = index % pieces * width
        kernel(
          operation, input + row * middle * inner + first, middle, inner,
          min(width, inner - first), factor, output + row * inner + first)
      }
    }
  }
}
