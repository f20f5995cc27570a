internal import Graphs
internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// LSTM, GRU and RNN of reals with weights that a dequantizer makes of 8-bit constants: products
  /// run on the codes, with the real operand quantized when it is known, unless they are too small
  /// to gain from it.
  func compileRecurrence(_ node: Node) throws(ExecutionError) -> Bool {
    let arithmetic = RecurrentArithmetic(
      quantization: site.compiler.options.dynamicQuantization,
      // PyTorch's arithmetic is only asked for where its numbers are wanted.
      leavesSmallToFloat: site.compiler.options.dynamicQuantization == .onnx)
    guard let kind = RecurrentAttributes.Kind(rawValue: node.operatorName.name),
      let input = try codeMatrix(node.input(1), arithmetic),
      let recurrent = try codeMatrix(node.input(2), arithmetic)
    else { return false }
    try Recurrence(node, kind: kind).compile(site, input: input, recurrent: recurrent)
    return true
  }

  private func codeMatrix(
    _ name: String?, _ arithmetic: RecurrentArithmetic
  ) throws(ExecutionError) -> RecurrentMatrix? {
    guard let name, let stored = try StoredCodes(name, site) else { return nil }
    return RecurrentMatrix(stored, arithmetic)
  }
}
