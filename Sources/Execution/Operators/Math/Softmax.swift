internal import Glibc
internal import Graphs
internal import Kernels
internal import Tensors

/// Softmax, LogSoftmax and Hardmax along one axis; before opset 13 over all axes from that one on.
struct Softmax: OperatorKernel {
  static let widensHalves = true
  private let axis: Int
  private let isFlattening: Bool
  private let isLogarithm: Bool
  /// Hardmax: 1 for the first of the largest, 0 for all others.
  private let isHardest: Bool

  init(_ node: Node, opset: Int64) {
    isFlattening = opset < 13
    axis = Int(clamping: node.int("axis") ?? (isFlattening ? 1 : -1))
    isLogarithm = node.is("LogSoftmax")
    isHardest = node.is("Hardmax")
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    guard input.elementType == .float32, !isHardest, site.narrowType == nil else {
      return try compileTyped(input, site)
    }
    let axis = shape.rank == 0 ? 0 : try site.axis(self.axis, of: shape)
    let columns =
      shape.rank == 0 ? 1 : isFlattening ? shape.dimensions[axis...].reduce(1, *) : shape[axis]
    let isa = site.isa
    let isLogarithm = self.isLogarithm
    let rows = columns == 0 ? 0 : shape.elementCount / columns
    let layout = input.preferredLayout
    let isInnermost =
      isFlattening
      ? layout == .rowMajor : layout.memoryAxis(axis, rank: shape.rank) >= shape.rank - 1
    let kernel = "softmax-f32-\(isa.forFloats.rawValue)"
    if isInnermost || isFlattening {
      let order = isInnermost ? layout : .rowMajor
      let source = site.read(input, order)
      let result = try site.output(0, .float32, shape, order)
      let target = site.write(result)
      return try site.emit([result], kernel: kernel, reads: [source], sharesInputs: [0]) {
        (run: RunContext) throws(ExecutionError) in
        SoftmaxFloat.run(
          run.floats(source), into: run.floats(target), rows: rows, columns: columns,
          logarithm: isLogarithm, isa: isa, pool: run.pool)
      }
    }
    // Bring the axis to the end, and back afterwards.
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    let source = site.read(input)
    let result = try site.output(0, .float32, shape)
    let target = site.write(result)
    let scratch = site.scratch(byteCount: 4 * shape.elementCount)
    try site.emit([result], kernel: kernel, reads: [source], scratch: scratch) {
      (run: RunContext) throws(ExecutionError) in
      let turned = run.scratch(scratch).assumingMemoryBound(to: Float.self)
      LayoutFloat.transpose(
        run.floats(source), into: turned, batch: outer, rows: columns, columns: inner, isa: isa,
        pool: run.pool)
      SoftmaxFloat.run(
        turned, into: turned, rows: rows, columns: columns, logarithm: isLogarithm, isa: isa,
        pool: run.pool)
      LayoutFloat.transpose(
        turned, into: run.floats(target), batch: outer, rows: inner, columns: columns, isa: isa,
        pool: run.pool)
    }
  }

  /// Hardmax, and the others of doubles and halves. ONNX defines them of halves by other operators
  /// on halves, so every step is rounded.
  private func compileTyped(_ input: Value, _ site: OperatorSite) throws(ExecutionError) {
    let shape = input.shape
    let axis = shape.rank == 0 ? 0 : try site.axis(self.axis, of: shape)
    let last = isFlattening ? shape.rank : min(axis + 1, shape.rank)
    let source = site.read(input)
    let result = try site.output(0, input.elementType, shape)
    let target = site.write(result)
    let middle = shape.dimensions[axis..<max(axis, last)].reduce(1, *)
    let inner = shape.dimensions[max(axis, last)...].reduce(1, *)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    let (isLogarithm, isHardest) = (self.isLogarithm, self.isHardest)
    let narrow = site.narrowType
    func round(_ value: Double) -> Double {
      switch narrow {
      case .float16: Double(Float16(value))
      case .bfloat16: Double(BFloat16(value).float)
      default: value
      }
    }
    func body<Element: BinaryFloatingPoint>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        for row in 0..<(outer * inner) where middle > 0 {
          let start = row / inner * middle * inner + row % inner
          let places = stride(from: start, to: start + middle * inner, by: inner)
          var best = start
          for place in places where from[place] > from[best] { best = place }
          if isHardest {
            for place in places { to[place] = place == best ? 1 : 0 }
            continue
          }
          let largest = Double(from[best])
          var sum = 0.0
          for place in places {
            let power = round(exp(round(Double(from[place]) - largest)))
            to[place] = Element(power)
            sum += power
          }
          sum = round(sum)
          for place in places {
            let shifted = round(Double(from[place]) - largest)
            to[place] = Element(isLogarithm ? shifted - round(log(sum)) : Double(to[place]) / sum)
          }
        }
      }
    }
    let step: Step.Body
    switch input.elementType {
    case .float32: step = body(Float.self)
    case .float64: step = body(Double.self)
    case let other:
      throw site.wrongType(other)
    }
    try site.emit(
      [result], kernel: "\(site.operatorName.lowercased())-\(input.elementType)", reads: [source],
      body: step)
  }
}
