internal import Graphs
internal import Tensors

/// Another value with its axes in another order, which moves only when somebody reads it so: what
/// multiplies matrices finds their rows where they are.
struct DeferredTransposition {
  let input: Value
  /// For each axis, that of `input`.
  let order: [Int]
  /// The operator that asked for it.
  let unit: Int
}

extension OperatorSite {
  /// Leaves a permutation to the product of two activations that alone reads its result, perhaps
  /// rounded, if there is one.
  func `defer`(transposing input: Value, order: [Int], shape: Shape) -> Bool {
    guard compiler.fuses, narrowType == nil, order.count <= 4, let name = unit.outputs.first,
      let index = compiler.graph.producer(of: name), isOnlyMultiplied(name)
    else { return false }
    let value = Value(name: name, elementType: input.elementType, shape: shape)
    value.transposition = DeferredTransposition(input: input, order: order, unit: index)
    declare(value)
    return true
  }

  private func isOnlyMultiplied(_ name: String) -> Bool {
    var name = name
    // At most a quantizer and its dequantizer stand in between.
    for _ in 0..<3 {
      guard let reader = compiler.graph.soleReader(of: name), !compiler.isAbsorbed(reader) else {
        return false
      }
      let unit = compiler.graph.units[reader]
      if unit.is("MatMul") { return true }
      guard unit.is("QuantizeLinear") || unit.is("DequantizeLinear"), unit.inputs.first == name,
        let output = unit.outputs.first
      else { return false }
      name = output
    }
    return false
  }
}

extension PlanCompiler {
  /// Moves what a product did not take as it is.
  func carryOut(_ transposition: DeferredTransposition) -> Buffer.ID {
    do {
      return try OperatorSite(compiler: self, unit: transposition.unit).permuted(
        transposition.input, order: transposition.order, declares: true)
    } catch {
      preconditionFailure("a change of form failed: \(error)")
    }
  }
}
