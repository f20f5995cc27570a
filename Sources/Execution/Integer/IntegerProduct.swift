internal import Graphs
internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// Gemm of codes with constant int8 weights.
  func compileGemm(_ node: Node) throws(ExecutionError) -> Bool {
    let gemm = Gemm(node, opset: site.compiler.model.opset)
    guard gemm.beta == 1 || node.input(2) == nil, !gemm.transposesLeft,
      let input = try codes(of: site.unit.inputs[0]),
      let weights = try IntegerWeights(
        site.unit.inputs[1], channelAxis: gemm.transposesRight ? 0 : 1, site)
    else { return false }
    guard weights.shape.rank == 2, input.value.shape.rank == 2,
      input.value.shape[1] == weights.shape[gemm.transposesRight ? 1 : 0]
    else { throw site.mismatch("\(input.value.shape) with \(weights.shape)") }
    let columns = weights.shape[gemm.transposesRight ? 0 : 1]
    if try compileProduct(
      input, weights, columns: columns, transposed: gemm.transposesRight,
      bias: node.input(2), output: site.unit.outputs[0], before: [], factor: gemm.alpha)
    {
      return true
    }
    var bias: [Float]?
    if let name = node.input(2), !name.isEmpty {
      guard let value = try site.compiler.existingValue(named: name),
        value.elementType == .float32, value.shape.elementCount == columns,
        value.shape.dimensions.last == columns,
        let tensor = site.compiler.constant(of: value)
      else { return false }
      bias = tensor.floats
    }
    return try compileRealProduct(
      input, weights, columns: columns, transposed: gemm.transposesRight, bias: bias,
      factor: gemm.alpha)
  }

  /// MatMul of codes with a constant int8 matrix, and the addition of a bias behind it.
  func compileMatMul() throws(ExecutionError) -> Bool {
    guard let input = try codes(of: site.unit.inputs[0]),
      let weights = try IntegerWeights(site.unit.inputs[1], channelAxis: 1, site),
      weights.shape.rank == 2, input.value.shape.rank >= 2
    else { return false }
    guard input.value.shape.dimensions.last == weights.shape[0] else {
      throw site.mismatch("\(input.value.shape) with \(weights.shape)")
    }
    let columns = weights.shape[1]
    if let (index, bias) = try biasAddition(columns: columns, rank: input.value.shape.rank) {
      let added = site.compiler.graph.units[index].outputs[0]
      if try compileProduct(
        input, weights, columns: columns, transposed: false, bias: bias, output: added,
        before: [index])
      {
        return true
      }
    }
    if try compileProduct(
      input, weights, columns: columns, transposed: false, bias: nil,
      output: site.unit.outputs[0], before: [])
    {
      return true
    }
    return try compileRealProduct(
      input, weights, columns: columns, transposed: false,
      bias: try site.absorbBias(columns: columns, rank: input.value.shape.rank))
  }

  /// A product that nothing rounds: its sums are made real, with what is added to them.
  private func compileRealProduct(
    _ input: Codes, _ weights: IntegerWeights, columns: Int, transposed: Bool, bias: [Float]?,
    factor: Float = 1
  ) throws(ExecutionError) -> Bool {
    let depth = weights.values.count / max(columns, 1)
    let shape = Shape(input.value.shape.dimensions.dropLast() + [columns])
    let rows = shape.dimensions.dropLast().reduce(1, *)
    let scale = factor * input.scale
    guard scale.isFinite, weights.scales.allSatisfy({ ($0 * scale).isFinite }) else { return false }
    let addend = try site.absorbAddend(shape: shape)
    let zeroPoint = UInt8(input.zeroPoint)
    let kernel = GEMMInt8(
      depth: depth, columns: columns, weights: weights.values, transposed: transposed,
      inputMaximum: input.maximum,
      requantization: Requantization(
        multipliers: [1], inputZeroPoint: zeroPoint, outputZeroPoint: 0), isa: site.isa)
    let scaling = AccumulatorScaling(
      columns: columns, scales: weights.scales, bias: bias, isa: site.isa)
    let source = site.read(input.value)
    let added = addend.map { site.read($0) }
    let result = try site.output(0, .float32, shape)
    let target = site.write(result)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(rows: rows, threads: site.compiler.pool.threadCount))
    // What is added must still be there when a twin has run.
    @Sendable func runExactly(_ run: RunContext, _ output: UnsafeMutablePointer<Float>) {
      kernel.runReals(
        run.codes(source), zeroPoint: zeroPoint, factor: scale, scaling: scaling,
        addend: added.map { UnsafePointer(run.floats($0)) }, output, rows: rows,
        scratch: run.scratch(scratch), pool: run.pool)
    }
    let twin = SaturatingTwin(
      site, input: input, weights: weights, count: shape.elementCount, target: target,
      .reals(
        exact: runExactly,
        saturating: { run, output in
          kernel.runSaturatingReals(
            run.codes(source), factor: scale, scaling: scaling,
            addend: added.map { UnsafePointer(run.floats($0)) }, output, rows: rows)
        }))
    try site.emit(
      [result], kernel: "gemm-\(kernel.kernelName)+f32",
      reads: [source] + (added.map { [$0] } ?? []), scratch: scratch,
      multiplyAccumulates: rows * depth * columns, weightByteCount: depth * columns,
      isInteger: true, sharesInputs: added == nil ? [] : [1], saturation: twin
    ) { (run: RunContext) throws(ExecutionError) in runExactly(run, run.floats(target)) }
    return true
  }

  /// A following Add of one constant per column.
  private func biasAddition(
    columns: Int, rank: Int
  ) throws(ExecutionError) -> (Int, String)? {
    let output = site.unit.outputs[0]
    guard let reader = site.compiler.graph.soleReader(of: output) else { return nil }
    let unit = site.compiler.graph.units[reader]
    guard unit.is("Add"), let other = unit.inputs.first(where: { $0 != output }) else { return nil }
    let shape: Shape?
    if let stored = try StoredCodes(other, site) {
      shape = stored.shape
    } else {
      shape = site.compiler.model.graph.constant(other)?.shape
    }
    guard let shape, shape.elementCount == columns, shape.dimensions.last == columns,
      shape.rank <= rank
    else {
      return nil
    }
    return (reader, other)
  }

  private func compileProduct(
    _ input: Codes, _ weights: IntegerWeights, columns: Int, transposed: Bool, bias: String?,
    output name: String, before: [Int], factor: Float = 1
  ) throws(ExecutionError) -> Bool {
    let depth = weights.values.count / max(columns, 1)
    let shape = Shape(input.value.shape.dimensions.dropLast() + [columns])
    let rows = shape.dimensions.dropLast().reduce(1, *)
    guard
      let biases = try weights.bias(
        bias, channels: columns, inputScale: factor * input.scale, site),
      let tail = try QuantizedTail(after: name, shape: shape, site),
      let requantization = weights.requantization(
        tail, input: input, biases: biases, factor: factor)
    else { return false }
    let kernel = GEMMInt8(
      depth: depth, columns: columns, weights: weights.values, transposed: transposed,
      inputMaximum: input.maximum, requantization: requantization, isa: site.isa)
    let source = site.read(input.value)
    for unit in before + tail.units { site.absorb(unit) }
    let (codes, target) = output(tail, shape, .rowMajor)
    let scratch = site.scratch(
      byteCount: kernel.scratchByteCount(
        rows: rows, threads: site.compiler.pool.threadCount))
    let twin = SaturatingTwin(
      site, input: input, weights: weights, count: shape.elementCount, target: target,
      .codes(
        exact: { run, output in
          kernel.run(
            run.codes(source), output, rows: rows, scratch: run.scratch(scratch), pool: run.pool)
        },
        saturating: { run, output in
          kernel.runSaturating(run.codes(source), output, rows: rows)
        }))
    try site.emit(
      codes: codes, type: tail.final.type, kernel: tail.name(of: kernel.kernelName, "gemm"),
      reads: [source], scratch: scratch, multiplyAccumulates: rows * depth * columns,
      weightByteCount: depth * columns, isInteger: true,
      saturation: twin, safeRun: kernel.safeRun
    ) { (run: RunContext) throws(ExecutionError) in
      kernel.run(
        run.codes(source), run.codes(target), rows: rows, scratch: run.scratch(scratch),
        pool: run.pool)
    }
    return true
  }
}
