internal import Graphs
internal import Kernels
internal import Tensors

extension PlanCompiler {
  /// Compiles the unit, and those after it that are elementwise too, as one pass over memory.
  /// - Returns: whether the unit is a function of one float32 value.
  func compileElementwise(_ site: OperatorSite) throws(ExecutionError) -> Bool {
    for name in site.unit.inputs where !name.isEmpty && model.graph.constant(name) == nil {
      guard let value = try existingValue(named: name), value.elementType == .float32,
        let first = try site.elementwiseFunction(
          of: site.unit, input: name, rank: value.shape.rank)
      else { continue }
      var functions = [first]
      while let (index, unit) = site.follower(), let output = site.lastUnit.outputs.first,
        let next = try site.elementwiseFunction(of: unit, input: output, rank: value.shape.rank)
      {
        site.absorb(index)
        functions.append(next)
      }
      try emit(functions, of: value, at: site)
      return true
    }
    return false
  }

  private func emit(
    _ functions: [FloatActivation], of value: Value, at site: OperatorSite
  ) throws(ExecutionError) {
    let layout = value.preferredLayout
    let source = site.read(value, layout)
    let result = try site.output(0, .float32, value.shape, layout)
    let target = site.write(result)
    let count = value.shape.elementCount
    let isa = site.isa
    try site.emit(
      [result], kernel: "elementwise-f32-\(isa.forFloats.rawValue)", reads: [source],
      sharesInputs: [0]
    ) { (run: RunContext) throws(ExecutionError) in
      FloatActivation.apply(
        functions, run.floats(source), into: run.floats(target), count: count, isa: isa,
        pool: run.pool)
    }
  }
}

extension FloatActivation {
  /// Applies all functions in order, a cache-sized piece at a time. In place is allowed.
  static func apply(
    _ functions: [FloatActivation], _ input: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>, count: Int, isa: InstructionSet, pool: ThreadPool
  ) {
    guard functions.count > 1 else {
      for function in functions {
        function.apply(input, into: output, count: count, isa: isa, pool: pool)
      }
      return
    }
    let piece = 4096
    pool.dynamic((count + piece - 1) / piece) { range, _ in
      for number in range {
        let start = number * piece
        let length = min(piece, count - start)
        var source = input + start
        for function in functions {
          function.apply(source, into: output + start, count: length, isa: isa, pool: pool)
          source = UnsafePointer(output + start)
        }
      }
    }
  }
}

extension OperatorSite {
  /// Takes in the functions that follow a kernel which can apply one of them to its results.
  func absorbActivation(rank: Int) throws(ExecutionError) -> FloatActivation {
    var activation = FloatActivation.none
    while let (index, unit) = follower(), let output = lastUnit.outputs.first,
      let next = try elementwiseFunction(of: unit, input: output, rank: rank),
      let joined = activation.followed(by: next)
    {
      absorb(index)
      activation = joined
    }
    return activation
  }

  /// Takes in a following addition of a value that exists already and has the result's shape.
  func absorbAddend(shape: Shape) throws(ExecutionError) -> Value? {
    guard let (index, unit) = follower(), unit.is("Add"), unit.inputs.count == 2,
      let output = lastUnit.outputs.first
    else { return nil }
    let other = unit.inputs[0] == output ? unit.inputs[1] : unit.inputs[0]
    guard other != output, let value = try compiler.existingValue(named: other),
      value.shape == shape, value.elementType == .float32
    else { return nil }
    absorb(index)
    return value
  }
}
