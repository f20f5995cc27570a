internal import Graphs
internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// Operators that only move elements: they move codes instead, which keep their meaning.
  func compileMovement(_ node: Node) throws(ExecutionError) -> Bool {
    guard let input = try codes(of: site.unit.inputs[0]),
      !site.compiler.isConstant(input.value),
      let kernel = OperatorRegistry.standard.kernel(for: node.operatorName)
    else { return false }
    if node.is("Resize") {
      // Cropping fills with a real number.
      guard node.string("mode") ?? "nearest" == "nearest",
        node.string("coordinate_transformation_mode") != "tf_crop_and_resize"
      else { return false }
    }
    let operation = try kernel.init(node, opset: site.compiler.model.opset)
    try move(input) { () throws(ExecutionError) in try operation.compile(site) }
    return true
  }

  /// Pad: real zeros become the zero point.
  func compilePadding(_ node: Node) throws(ExecutionError) -> Bool {
    guard let input = try codes(of: site.unit.inputs[0]) else { return false }
    var padding = try Padding(node, opset: site.compiler.model.opset)
    if padding.mode == .constant, site.hasInput(2) {
      let fill = try site.floats(2)
      guard fill == [0] else { return false }
    }
    padding.codeFill = UInt8(input.zeroPoint)
    try move(input) { () throws(ExecutionError) in try padding.compile(site) }
    return true
  }

  /// Compiles with codes in place of the real operand; the outputs keep its scale and zero point.
  private func move(
    _ input: Codes, _ compile: () throws(ExecutionError) -> Void
  ) throws(ExecutionError) {
    site.replacedInputs = [0: input.value]
    site.collectedOutputs = []
    try compile()
    let outputs = site.collectedOutputs ?? []
    site.collectedOutputs = nil
    site.replacedInputs = [:]
    for value in outputs {
      declare(
        value.name, shape: value.shape,
        as: input.moved(to: value))
    }
  }

  /// Concat of values that exist as codes. Where their scales differ, each goes through a table to
  /// the scale of the quantizer behind.
  func compileConcatenation(_ node: Node) throws(ExecutionError) -> Bool {
    var parts: [Codes] = []
    for name in site.unit.inputs {
      guard let codes = try codes(of: name) else { return false }
      parts.append(codes)
    }
    guard let first = parts.first else { return false }
    let operation = try Concatenation(node, opset: site.compiler.model.opset)
    let values = parts.map(\.value)
    let (shape, axis) = try operation.shape(of: values, site)
    let layout = Concatenation.layout(of: values)
    let agree = parts.allSatisfy { $0.hasSameParameters(as: first) }
    let tail =
      agree
      ? nil
      : try QuantizedTail(after: site.unit.outputs[0], shape: shape, site, takesTable: false)
    guard agree || tail != nil else { return false }
    let tables = tail.map { tail in Tensor(parts.flatMap { $0.table(to: tail) }) }

    let memoryAxis = layout.memoryAxis(axis, rank: shape.rank)
    let reads = values.map { site.read($0, layout) }
    let widths = values.map {
      layout.memoryShape(of: $0.shape).dimensions[memoryAxis...].reduce(1, *)
    }
    let rows = layout.memoryShape(of: shape).dimensions[..<memoryAxis].reduce(1, *)
    let kernels = self.kernels
    let joined = Value(
      name: tail?.codesName ?? site.unit.outputs[0], elementType: .uint8, shape: shape,
      layout: layout)
    let target = site.compiler.addBuffer(.arena, byteCount: shape.elementCount)
    joined.forms[layout] = target
    let body: Step.Body = { (run: RunContext) throws(ExecutionError) in
      withUnsafeTemporaryAllocation(of: Int8Kernels.Part.self, capacity: reads.count) { parts in
        for (index, codes) in reads.enumerated() {
          let table = tables.map { $0.storage.base.assumingMemoryBound(to: UInt8.self) }
          parts.initializeElement(
            at: index,
            to: Int8Kernels.Part(
              codes: run.codes(codes), channels: widths[index],
              table: table.map { UnsafePointer($0 + 256 * index) }))
        }
        kernels.concatenate(
          UnsafeBufferPointer(parts), run.codes(target), pixels: rows, pool: run.pool)
      }
    }
    guard let tail else {
      site.collectedOutputs = []
      try site.emit([joined], kernel: "concatenate-u8", reads: reads, isInteger: true, body: body)
      site.collectedOutputs = nil
      declare(
        site.unit.outputs[0], shape: shape,
        as: Codes(
          value: joined, scale: first.scale, zeroPoint: first.zeroPoint, isSigned: first.isSigned,
          maximum: parts.map(\.maximum).max() ?? .max))
      return true
    }
    for unit in tail.units { site.absorb(unit) }
    try site.emit(
      codes: Codes(
        value: joined, scale: tail.first.scales[0],
        zeroPoint: tail.first.zeroPoints[0] + tail.first.shift,
        isSigned: tail.first.type == .int8),
      type: tail.first.type, kernel: "concatenate-u8+table256", reads: reads, isInteger: true,
      body: body)
    return true
  }
}

extension Codes {
  /// Requantizes to the quantizer of `tail`, within its clamps.
  func table(to tail: QuantizedTail) -> [UInt8] {
    let (target, zero) = (tail.first.scales[0], tail.first.zeroPoints[0] + tail.first.shift)
    return (0..<256).map { code in
      let real = Float(Int32(code) - zeroPoint) * scale
      let moved = (real / target).rounded(.toNearestOrEven) + Float(zero)
      return min(max(UInt8(min(max(moved, 0), 255)), tail.low), tail.high)
    }
  }
}
