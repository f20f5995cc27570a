internal import Execution
internal import Graphs
internal import Kernels
internal import OrderedCollections
internal import Tensors

/// Concat along any axis.
enum ConcatenationOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let shape = try site.outputShape()
    guard let axis = shape.resolved(axis: Int(site.node.int("axis") ?? 0)) else {
      throw site.unsupported("its axis")
    }
    let layout = try site.layout(0)
    var parts: [Operand] = []
    for index in site.node.inputs.indices { parts.append(try site.input(index, layout)) }
    let output = site.output(0, shape, layout)
    site.emit(ConcatenationStep(parts, output, axis: axis), keeps: [])
  }
}

private final class ConcatenationStep: TrainingStep {
  private let parts: [Operand]
  private let output: Product
  private let outer: Int
  /// Floats of each part, and of all, in a row.
  private let lengths: [Int]
  private let length: Int

  init(_ parts: [Operand], _ output: Product, axis: Int) {
    self.parts = parts
    self.output = output
    let place = output.layout.memoryAxis(axis, rank: output.shape.rank)
    outer = output.physical.dimensions[..<place].reduce(1, *)
    lengths = parts.map { $0.physical.dimensions[place...].reduce(1, *) }
    length = lengths.reduce(0, +)
  }

  func forward(_ run: StepRun) {
    var place = run.floats(output.slot)
    for (part, count) in zip(parts, lengths) {
      let source = run.floats(part.slot)
      for row in 0..<outer {
        (place + row * length).update(from: source + row * count, count: count)
      }
      place += count
    }
  }

  func backward(_ run: StepRun) {
    guard var from = run.floats(output.gradient) else { return }
    for (part, count) in zip(parts, lengths) {
      if let to = run.floats(part.gradient) {
        for row in 0..<outer { (to + row * count).update(from: from + row * length, count: count) }
      }
      from += count
    }
  }
}

/// Operators that only move elements: the executor moves their numbers once, and training moves
/// values and gradients by what it found.
enum MovementOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let shape = try site.shape(0)
    guard shape.elementCount < Int(Int32.max) else { throw site.unsupported("so many elements") }
    let maps = try sources(site, shape)
    let input = try site.input(0, .rowMajor)
    var outputs: [Product] = []
    var sources: [[Int32]] = []
    for (index, name) in site.node.outputs.enumerated() where !name.isEmpty {
      guard let map = maps[name] else { throw .unknownValue(name: name) }
      outputs.append(site.output(index, try site.outputShape(index)))
      sources.append(map)
    }
    site.emit(MovementStep(input, outputs, sources), keeps: [])
  }

  /// For every output, which element of the input each of its elements is; -1 for a constant.
  private static func sources(
    _ site: TrainingSite, _ shape: Shape
  ) throws(TrainingError) -> [String: [Int32]] {
    var graph = Graph(name: "movement")
    let node = site.node
    graph.inputs = [ValueDeclaration(name: "numbers", elementType: .int32, dimensions: nil)]
    var inputs = ["numbers"]
    for index in 1..<max(node.inputs.count, 1) {
      guard node.input(index) != nil else {
        inputs.append("")
        continue
      }
      var tensor = try site.constant(index)
      if node.is("Pad"), index == 2 {
        guard tensor.elementType == .float32, tensor.floats.allSatisfy({ $0 == 0 }) else {
          throw site.unsupported("padding with another value than 0")
        }
        tensor = .scalar(Int32(-1))
      }
      let name = "operand\(index)"
      graph.initializers[name] = Initializer(tensor)
      inputs.append(name)
    }
    if node.is("Pad"), node.input(2) == nil {
      graph.initializers["operand2"] = Initializer(.scalar(Int32(-1)))
      if inputs.count < 3 { inputs.append("operand2") } else { inputs[2] = "operand2" }
    }
    graph.append(
      node.operatorName, inputs: inputs, outputs: node.outputs, attributes: node.attributes)
    graph.outputs = node.outputs.filter { !$0.isEmpty }.map {
      ValueDeclaration(name: $0, elementType: .int32, dimensions: nil)
    }
    let numbers = Tensor((0..<Int32(shape.elementCount)).map { $0 }, shape: shape)
    do {
      let executor = try Executor(
        model: Model(graph: graph, opset: site.opset), isPrepared: true)
      return try executor.run(["numbers": numbers]).mapValues { $0.array(of: Int32.self) }
    } catch {
      throw .execution("\(error)")
    }
  }
}

private final class MovementStep: TrainingStep {
  private let input: Operand
  private let outputs: [Product]
  private let sources: [[Int32]]

  init(_ input: Operand, _ outputs: [Product], _ sources: [[Int32]]) {
    self.input = input
    self.outputs = outputs
    self.sources = sources
  }

  func forward(_ run: StepRun) {
    let values = run.floats(input.slot)
    for (output, sources) in zip(outputs, sources) {
      let place = run.floats(output.slot)
      run.pool.parallel(sources.count, grain: 32_768) { range in
        sources.withUnsafeBufferPointer { sources in
          for index in range {
            let source = Int(sources[index])
            place[index] = source < 0 ? 0 : values[source]
          }
        }
      }
    }
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient) else { return }
    to.update(repeating: 0, count: input.count)
    for (output, sources) in zip(outputs, sources) {
      guard let from = run.floats(output.gradient) else { continue }
      sources.withUnsafeBufferPointer { sources in
        for index in sources.indices where sources[index] >= 0 {
          to[Int(sources[index])] += from[index]
        }
      }
    }
  }
}

/// Gather: rows by constant numbers, or by numbers among the model's inputs.
enum GatherOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let indexName = try site.name(1)
    if site.builder.isKnown(indexName) { return try MovementOperator.compile(site) }
    let shape = try site.shape(0)
    guard let axis = shape.resolved(axis: Int(site.node.int("axis") ?? 0)) else {
      throw site.unsupported("its axis")
    }
    let type = site.builder.type(of: indexName)
    guard type == .int64 || type == .int32 else {
      throw site.unsupported("numbers of type \(type.map { "\($0)" } ?? "unknown")")
    }
    let input = try site.input(0, .rowMajor)
    let indices = try site.input(1)
    let output = site.output(0, try site.outputShape())
    site.emit(
      GatherStep(input, indices, output, axis: axis, isWide: type == .int64),
      keeps: [indices.slot])
  }
}

private final class GatherStep: TrainingStep {
  private let input: Operand
  private let indices: Operand
  private let output: Product
  private let outer: Int
  private let extent: Int
  private let inner: Int
  private let isWide: Bool

  init(_ input: Operand, _ indices: Operand, _ output: Product, axis: Int, isWide: Bool) {
    self.input = input
    self.indices = indices
    self.output = output
    self.isWide = isWide
    outer = input.shape.dimensions[..<axis].reduce(1, *)
    extent = input.shape[axis]
    inner = input.shape.dimensions[(axis + 1)...].reduce(1, *)
  }

  /// Calls `body` with the places of every row in the table and in the output.
  private func each(_ run: StepRun, _ body: (_ source: Int, _ place: Int) -> Void) {
    let raw = run.raw(indices.slot)
    for block in 0..<outer {
      for number in 0..<indices.count {
        var index =
          isWide
          ? Int(raw.assumingMemoryBound(to: Int64.self)[number])
          : Int(raw.assumingMemoryBound(to: Int32.self)[number])
        if index < 0 { index += extent }
        precondition(index >= 0 && index < extent, "row \(index) of \(extent)")
        body((block * extent + index) * inner, (block * indices.count + number) * inner)
      }
    }
  }

  func forward(_ run: StepRun) {
    let (from, to) = (run.floats(input.slot), run.floats(output.slot))
    each(run) { source, place in (to + place).update(from: from + source, count: inner) }
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    to.update(repeating: 0, count: input.count)
    each(run) { source, place in
      for index in 0..<inner { to[source + index] += from[place + index] }
    }
  }
}
