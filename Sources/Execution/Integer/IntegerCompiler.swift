internal import Kernels
internal import Tensors

/// Compiles quantized patterns to integer kernels.
struct IntegerCompiler {
  let site: OperatorSite

  /// Whether the unit matched a pattern and is compiled.
  func compile() throws(ExecutionError) -> Bool { false }
}
