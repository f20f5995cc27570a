internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// Functions of one number between codes and codes: one look-up, or nothing where the codes stay
  /// what they are.
  func compileTable() throws(ExecutionError) -> Bool {
    let compiler = site.compiler
    for name in site.unit.inputs where !name.isEmpty {
      guard try StoredCodes(name, site) == nil, let source = try codes(of: name),
        !compiler.isConstant(source.value),
        let index = compiler.graph.producer(of: site.unit.outputs[0])
      else { continue }
      let shape = source.value.shape
      guard let chain = try TableChain(from: index, reading: name, shape: shape, site) else {
        continue
      }
      for unit in chain.units.dropFirst() { site.absorb(unit) }
      let zeroPoint = chain.quantizer.zeroPoints[0] + chain.quantizer.shift
      let isSigned = chain.quantizer.type == .int8
      if chain.functions.isEmpty, source.scale == chain.quantizer.scales[0],
        source.zeroPoint == zeroPoint
      {
        let result = Value(
          name: chain.codesName, elementType: chain.quantizer.type, shape: shape,
          layout: source.value.layout)
        result.codes = Codes(
          value: source.value, scale: source.scale, zeroPoint: zeroPoint, isSigned: isSigned,
          maximum: source.maximum)
        if !isSigned { result.forms = source.value.forms }
        site.declare(result)
        return true
      }
      try emit(chain, source, zeroPoint: zeroPoint, isSigned: isSigned)
      return true
    }
    return false
  }

  private func emit(
    _ chain: TableChain, _ source: Codes, zeroPoint: Int32, isSigned: Bool
  ) throws(ExecutionError) {
    let table = chain.table(scale: source.scale, zeroPoint: source.zeroPoint, isa: site.isa)
    let layout = source.value.preferredLayout
    let shape = source.value.shape
    let input = site.read(source.value, layout)
    let value = Value(name: chain.codesName, elementType: .uint8, shape: shape, layout: layout)
    let target = site.compiler.addBuffer(.arena, byteCount: shape.elementCount)
    value.forms[layout] = target
    let count = shape.elementCount
    let kernels = self.kernels
    try site.emit(
      codes: Codes(
        value: value, scale: chain.quantizer.scales[0], zeroPoint: zeroPoint, isSigned: isSigned,
        maximum: table[...Int(source.maximum)].max() ?? .max),
      type: chain.quantizer.type, kernel: "table256-\(site.isa.forCodes.rawValue)", reads: [input],
      isInteger: true, sharesInputs: [0]
    ) { (run: RunContext) throws(ExecutionError) in
      table.withUnsafeBufferPointer { table in
        guard let entries = table.baseAddress else { return }
        kernels.lookUp(
          entries, run.codes(input), run.codes(target), count: count, pool: run.pool)
      }
    }
  }
}
