internal import Kernels
internal import Tensors

/// Emits the steps that einsum is made of: moving axes, adding up, multiplying matrices.
struct Contraction {
  private let site: OperatorSite
  private let width: Int
  private let extents: [Int: Int]
  private let loops: any ContractionLoops.Type

  init?(site: OperatorSite, type: ElementType, extents: [Int: Int]) {
    guard let loops = type.contractionLoops else { return nil }
    self.loops = loops
    self.site = site
    self.extents = extents
    width = type.bitWidth / 8
  }

  /// Takes diagonals of repeated indices, drops axes of 1 that others broadcast over, and adds up
  /// over indices that nothing else needs.
  func reduced(
    _ operand: Einsum.Operand, keeping needed: Set<Int>
  ) throws(ExecutionError) -> Einsum.Operand {
    var order: [Int] = []
    for (axis, index) in operand.indices.enumerated() {
      let isBroadcast = operand.shape[axis] == 1 && extents[index] != 1
      if !isBroadcast, !order.contains(index) { order.append(index) }
    }
    let kept = order.filter(needed.contains)
    let summed = order.filter { !needed.contains($0) }
    var result = try arranged(operand, kept + summed)
    guard !summed.isEmpty else { return result }
    let shape = Shape(kept.map { extents[$0] ?? 1 })
    let (rows, columns) = (shape.elementCount, summed.reduce(1) { $0 * (extents[$1] ?? 1) })
    let source = result.buffer
    let loops = self.loops
    result.buffer = try emit("sum", shape, reads: [source]) { run, target in
      loops.sum(run.raw(source), into: target, rows: rows, columns: columns)
    }
    result.indices = kept
    result.shape = shape
    return result
  }

  /// `operand` with its axes in the order of `indices`; a repeated index becomes its diagonal.
  /// - Precondition: an index that is left out has only axes of 1.
  func arranged(
    _ operand: Einsum.Operand, _ indices: [Int]
  ) throws(ExecutionError) -> Einsum.Operand {
    let shape = Shape(indices.map { extents[$0] ?? 1 })
    let own = operand.shape.strides
    let strides = indices.map { index in
      operand.indices.indices.reduce(0) { total, axis in
        operand.indices[axis] == index && operand.shape[axis] != 1 ? total + own[axis] : total
      }
    }
    var result = operand
    result.indices = indices
    result.shape = shape
    let isInPlace =
      shape.elementCount == operand.shape.elementCount
      && zip(shape.dimensions, zip(strides, shape.strides)).allSatisfy { $0 == 1 || $1.0 == $1.1 }
    guard !isInPlace else { return result }
    let copy = StridedCopy(to: shape, sourceStrides: strides, width: width)
    let source = operand.buffer
    result.buffer = try emit("transpose", shape, reads: [source]) { run, target in
      copy.run(run.raw(source), into: target)
    }
    return result
  }

  /// Multiplies two operands and adds up over what both have and nothing else needs.
  func product(
    _ left: Einsum.Operand, _ right: Einsum.Operand, keeping needed: Set<Int>
  ) throws(ExecutionError) -> Einsum.Operand {
    let shared = left.indices.filter(right.indices.contains)
    let batch = shared.filter(needed.contains)
    let contracted = shared.filter { !needed.contains($0) }
    let leftOnly = left.indices.filter { !shared.contains($0) }
    let rightOnly = right.indices.filter { !shared.contains($0) }
    let a = try arranged(left, batch + leftOnly + contracted)
    let b = try arranged(right, batch + contracted + rightOnly)
    func count(_ indices: [Int]) -> Int { indices.reduce(1) { $0 * (extents[$1] ?? 1) } }
    let (rows, depth, columns) = (count(leftOnly), count(contracted), count(rightOnly))
    let batches = count(batch)
    let indices = batch + leftOnly + rightOnly
    let shape = Shape(indices.map { extents[$0] ?? 1 })
    let operands = [a.buffer, b.buffer]
    let buffer: Buffer.ID
    if loops is Float.Type {
      let kernel = MatMulFloat(rows: rows, depth: depth, columns: columns, isa: site.isa)
      let scratch = site.scratch(
        byteCount: kernel.scratchByteCount(threads: site.compiler.pool.threadCount))
      buffer = try emit(
        kernel.kernelName, shape, reads: operands, scratch: scratch,
        multiplyAccumulates: batches * rows * depth * columns
      ) { run, target in
        let output = target.assumingMemoryBound(to: Float.self)
        for index in 0..<batches {
          kernel.run(
            run.floats(operands[0]) + index * rows * depth,
            run.floats(operands[1]) + index * depth * columns,
            into: output + index * rows * columns, scratch: run.scratch(scratch), pool: run.pool)
        }
      }
    } else {
      let (loops, width) = (self.loops, self.width)
      buffer = try emit(
        "matmul", shape, reads: operands,
        multiplyAccumulates: batches * rows * depth * columns
      ) { run, target in
        for index in 0..<batches {
          loops.multiply(
            run.raw(operands[0]) + index * rows * depth * width,
            run.raw(operands[1]) + index * depth * columns * width,
            into: target + index * rows * columns * width, rows: rows, depth: depth,
            columns: columns)
        }
      }
    }
    return Einsum.Operand(buffer: buffer, indices: indices, shape: shape)
  }

  private func emit(
    _ kernel: String, _ shape: Shape, reads: [Buffer.ID], scratch: Buffer.ID? = nil,
    multiplyAccumulates: Int = 0,
    body: @escaping (RunContext, UnsafeMutableRawPointer) -> Void
  ) throws(ExecutionError) -> Buffer.ID {
    let target = site.compiler.addBuffer(.arena, byteCount: shape.elementCount * width)
    var step = Step(
      name: site.nodeName, operatorName: "Einsum", nodes: site.unit.nodes,
      output: site.unit.outputs.first ?? "", outputShape: shape, kernel: kernel, reads: reads,
      writes: [target], scratch: scratch
    ) { (run: RunContext) throws(ExecutionError) in body(run, run.raw(target)) }
    step.multiplyAccumulates = multiplyAccumulates
    try site.compiler.emit(step)
    return target
  }
}

/// The plain loops of contraction for one element type.
protocol ContractionLoops {
  /// `[rows, columns]` to `[rows]`.
  static func sum(
    _ input: UnsafeRawPointer, into output: UnsafeMutableRawPointer, rows: Int, columns: Int)
  /// `[rows, depth]` times `[depth, columns]`.
  static func multiply(
    _ left: UnsafeRawPointer, _ right: UnsafeRawPointer, into output: UnsafeMutableRawPointer,
    rows: Int, depth: Int, columns: Int)
}

/// A number that contraction can add up products of.
protocol ContractionElement: ContractionLoops, BitwiseCopyable, ExpressibleByIntegerLiteral {
  static func added(_ sum: Self, _ left: Self, times right: Self) -> Self
}

extension ContractionElement {
  static func sum(
    _ input: UnsafeRawPointer, into output: UnsafeMutableRawPointer, rows: Int, columns: Int
  ) {
    let from = input.assumingMemoryBound(to: Self.self)
    let to = output.assumingMemoryBound(to: Self.self)
    for row in 0..<rows {
      to[row] = (0..<columns).reduce(0) { added($0, from[row * columns + $1], times: 1) }
    }
  }

  static func multiply(
    _ left: UnsafeRawPointer, _ right: UnsafeRawPointer, into output: UnsafeMutableRawPointer,
    rows: Int, depth: Int, columns: Int
  ) {
    let a = left.assumingMemoryBound(to: Self.self)
    let b = right.assumingMemoryBound(to: Self.self)
    let c = output.assumingMemoryBound(to: Self.self)
    for row in 0..<rows {
      for column in 0..<columns { c[row * columns + column] = 0 }
      for inner in 0..<depth {
        let factor = a[row * depth + inner]
        for column in 0..<columns {
          c[row * columns + column] = added(
            c[row * columns + column], factor, times: b[inner * columns + column])
        }
      }
    }
  }
}

extension ContractionElement where Self: FixedWidthInteger {
  static func added(_ sum: Self, _ left: Self, times right: Self) -> Self { sum &+ left &* right }
}

extension ContractionElement where Self: BinaryFloatingPoint {
  static func added(_ sum: Self, _ left: Self, times right: Self) -> Self { sum + left * right }
}

extension Float: ContractionElement {}
extension Double: ContractionElement {}
extension Int8: ContractionElement {}
extension Int16: ContractionElement {}
extension Int32: ContractionElement {}
extension Int64: ContractionElement {}
extension UInt8: ContractionElement {}
extension UInt16: ContractionElement {}
extension UInt32: ContractionElement {}
extension UInt64: ContractionElement {}

extension ElementType {
  fileprivate var contractionLoops: (any ContractionLoops.Type)? {
    switch self {
    case .float32: Float.self
    case .float64: Double.self
    case .int8: Int8.self
    case .int16: Int16.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .uint8: UInt8.self
    case .uint16: UInt16.self
    case .uint32: UInt32.self
    case .uint64: UInt64.self
    default: nil
    }
  }
}
