internal import Graphs
internal import Tensors

/// OneHot: a new axis along which one element, where the index points, differs from the rest.
struct OneHot: OperatorKernel {
  private let axis: Int

  init(_ node: Node, opset: Int64) { axis = Int(clamping: node.int("axis") ?? -1) }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let indices = try site.operand(try site.input(0), as: .int64)
    let depth = try site.number(1)
    let values = try site.input(2)
    let rank = indices.shape.rank + 1
    let axis = self.axis < 0 ? self.axis + rank : self.axis
    guard axis >= 0, axis < rank, depth >= 0, depth < 1 << 40, values.shape == [2] else {
      throw site.mismatch("axis \(self.axis) of \(rank), depth \(depth), values \(values.shape)")
    }
    var dimensions = indices.shape.dimensions
    dimensions.insert(depth, at: axis)
    let outer = dimensions[..<axis].reduce(1, *)
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    let width = try site.movableWidth(of: values)
    let reads = [site.read(indices), site.read(values)]
    let result = try site.output(0, values.elementType, Shape(dimensions))
    let target = site.write(result)
    try site.emit([result], kernel: "onehot", reads: reads) {
      (run: RunContext) throws(ExecutionError) in
      let places = run.elements(reads[0], of: Int64.self)
      let (off, to) = (run.raw(reads[1]), run.raw(target))
      for index in 0..<(outer * depth * inner) {
        (to + index * width).copyMemory(from: off, byteCount: width)
      }
      for position in 0..<(outer * inner) {
        let given = places[position]
        let place = given < 0 ? given &+ Int64(depth) : given
        guard place >= 0, place < Int64(depth) else { continue }
        let index = (position / inner * depth + Int(place)) * inner + position % inner
        (to + index * width).copyMemory(from: off + width, byteCount: width)
      }
    }
  }
}

/// ReverseSequence: the first steps of each sample of a batch, in reverse order.
struct SequenceReversal: OperatorKernel {
  private let timeAxis: Int64
  private let batchAxis: Int64

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    timeAxis = node.int("time_axis") ?? 0
    batchAxis = node.int("batch_axis") ?? 1
    guard [0, 1].contains(timeAxis), batchAxis == 1 - timeAxis else {
      throw .invalidAttribute(
        operatorName: "ReverseSequence", node: node.name, attribute: "time_axis",
        detail: "is \(timeAxis) with batch_axis \(batchAxis); one must be 0, the other 1")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let lengths = try IndexOperand(1, of: site)
    guard input.shape.rank >= 2 else { throw site.mismatch("a value of shape \(input.shape)") }
    let isTimeFirst = timeAxis == 0
    let steps = input.shape[isTimeFirst ? 0 : 1]
    let batch = input.shape[isTimeFirst ? 1 : 0]
    guard lengths.shape == [batch] else {
      throw site.mismatch("lengths of \(lengths.shape) for \(batch) samples")
    }
    let chunk = input.shape.dimensions[2...].reduce(1, *) * (try site.movableWidth(of: input))
    let source = site.read(input)
    let result = try site.output(0, input.elementType, input.shape)
    let target = site.write(result)
    let node = site.nodeName
    try site.emit([result], kernel: "copy", reads: [source, lengths.buffer]) {
      (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.raw(source), run.raw(target))
      let counts = lengths.elements(run)
      for sample in 0..<batch {
        let length = counts[sample]
        guard length >= 0, length <= Int64(steps) else {
          throw .invalidSequenceLength(
            node: node, sequence: sample, length: Int32(clamping: length), steps: steps)
        }
        for step in 0..<steps {
          let other = step < Int(length) ? Int(length) - 1 - step : step
          let (place, origin) =
            isTimeFirst
            ? (step * batch + sample, other * batch + sample)
            : (sample * steps + step, sample * steps + other)
          (to + place * chunk).copyMemory(from: from + origin * chunk, byteCount: chunk)
        }
      }
    }
  }
}
