package import Kernels

/// In which arithmetic a model is executed.
package enum ExecutionMode: String, Hashable, Sendable, CaseIterable {
  /// Every operator in its own type; QuantizeLinear and DequantizeLinear are operators like others.
  case float
  /// As `float`, with the pairs of a quantized model executed as ONNX Runtime does with
  /// optimizations off: codes are formed and left again, all arithmetic between is float32.
  case simulated
  /// Quantized patterns run in integer kernels, everything else in float islands.
  case integer
}

/// How a model is compiled and run.
package struct ExecutionOptions: Hashable, Sendable {
  package var mode: ExecutionMode
  package var instructionSet: InstructionSet
  package var threads: Int
  /// Values that stay observable by name: fusion never hides one of these. In integer mode keep
  /// outputs of QuantizeLinear or DequantizeLinear; keeping the real value before a QuantizeLinear
  /// makes that layer a float island, since integer kernels never form it.
  package var kept: Set<String>
  /// Whether neighbouring operators may become one step.
  package var fuses: Bool
  /// How an integer plan quantizes the real inputs of layers whose weights alone are codes.
  package var dynamicQuantization: DynamicQuantization

  package init(
    mode: ExecutionMode = .float, instructionSet: InstructionSet = .best, threads: Int = 1,
    kept: Set<String> = [], fuses: Bool = true, dynamicQuantization: DynamicQuantization = .onnx
  ) {
    self.mode = mode
    self.instructionSet = instructionSet
    self.threads = threads
    self.kept = kept
    self.fuses = fuses
    self.dynamicQuantization = dynamicQuantization
  }
}
