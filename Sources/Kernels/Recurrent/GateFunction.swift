internal import CKernels

/// An activation of a recurrent layer: functions of one number, applied one after the other.
package struct GateFunction: Hashable, Sendable {
  package let functions: [FloatActivation]

  package init(_ functions: FloatActivation...) { self.functions = functions }

  package static let sigmoid = GateFunction(.sigmoid)
  package static let tanh = GateFunction(.tanh)
}

/// Arithmetic on the short rows of one sequence, on the calling thread.
struct RowArithmetic: Sendable {
  let isa: InstructionSet
  /// What the inputs of activations are limited to, on either side.
  let clip: Float?

  /// `into += row`
  func add(_ row: UnsafePointer<Float>, to into: UnsafeMutablePointer<Float>, count: Int) {
    isa.floatKernels.binary(KERN_F32_ADD, into, 1, row, 1, into, count)
  }

  /// `into *= row`
  func multiply(_ into: UnsafeMutablePointer<Float>, by row: UnsafePointer<Float>, count: Int) {
    isa.floatKernels.binary(KERN_F32_MULTIPLY, into, 1, row, 1, into, count)
  }

  /// `output = left * right`
  func multiply(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>, count: Int
  ) {
    isa.floatKernels.binary(KERN_F32_MULTIPLY, left, 1, right, 1, output, count)
  }

  /// `output = 1 - row`
  func complement(
    _ row: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int
  ) {
    isa.floatKernels.unary(KERN_F32_AFFINE, -1, 1, row, output, count)
  }

  /// Clips a row of sums and puts it through an activation.
  func activate(_ row: UnsafeMutablePointer<Float>, _ function: GateFunction, count: Int) {
    if let clip { isa.floatKernels.unary(KERN_F32_CLAMP, -clip, clip, row, row, count) }
    apply(function, row, count: count)
  }

  func apply(_ function: GateFunction, _ row: UnsafeMutablePointer<Float>, count: Int) {
    for step in function.functions { step.apply(row, into: row, count: count, isa: isa) }
  }
}
