internal import Graphs
internal import Tensors

/// Trilu: the upper or lower triangle of every matrix, zeros elsewhere.
struct Triangle: OperatorKernel {
  private let isUpper: Bool

  init(_ node: Node, opset: Int64) { isUpper = node.int("upper") ?? 1 != 0 }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    let given = site.hasInput(1) ? try site.integers(1).first ?? 0 : 0
    guard shape.rank >= 2, input.elementType.bitWidth >= 8 else {
      throw site.mismatch("\(input.elementType) \(shape), which has no matrices")
    }
    let width = input.elementType.bitWidth / 8
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let diagonal = min(max(given, -rows), columns)
    let source = site.read(input)
    let result = try site.output(0, input.elementType, shape)
    let target = site.write(result)
    let isUpper = self.isUpper
    let lines = shape.dimensions.dropLast().reduce(1, *)
    try site.emit([result], kernel: "trilu", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.raw(source), run.raw(target))
      for line in 0..<lines {
        // The first column on or right of the diagonal, and the first right of it.
        let (row, offset) = (line % rows, line * columns * width)
        let edge = min(max(row + diagonal, 0), columns)
        let beyond = min(max(row + diagonal + 1, 0), columns)
        let kept = isUpper ? edge..<columns : 0..<beyond
        (to + offset).initializeMemory(as: UInt8.self, repeating: 0, count: columns * width)
        (to + offset + kept.lowerBound * width).copyMemory(
          from: from + offset + kept.lowerBound * width, byteCount: kept.count * width)
      }
    }
  }
}

/// EyeLike: ones on a diagonal of a matrix, known as soon as the operand's shape is.
struct Identity: OperatorKernel {
  private let type: ElementType?
  private let diagonal: Int

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    type = node.int("dtype") == nil ? nil : try node.elementType("dtype")
    diagonal = Int(clamping: node.int("k") ?? 0)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    guard shape.rank == 2 else { throw site.mismatch("\(shape), which is no matrix") }
    var ones = [UInt8](repeating: 0, count: shape.elementCount)
    for row in 0..<shape[0] {
      let (column, overflow) = row.addingReportingOverflow(diagonal)
      if !overflow, column >= 0, column < shape[1] { ones[row * shape[1] + column] = 1 }
    }
    let type = self.type ?? input.elementType
    guard let matrix = Tensor(ones, shape: shape).cast(to: type) else {
      throw site.wrongType(type)
    }
    site.emitConstant(matrix)
  }
}

/// Det: the determinant of every matrix, by elimination with partial pivoting in double.
struct Determinant: OperatorKernel {
  static let widensHalves = true

  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    guard shape.rank >= 2, shape[shape.rank - 1] == shape[shape.rank - 2] else {
      throw site.mismatch("\(shape), which has no square matrices")
    }
    let order = shape[shape.rank - 1]
    let source = site.read(input)
    let result = try site.output(0, input.elementType, Shape(shape.dimensions.dropLast(2)))
    let target = site.write(result)
    let count = result.shape.elementCount
    func body<Element: BinaryFloatingPoint>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        for index in 0..<count {
          let start = from + index * order * order
          to[index] = Element(
            Self.determinant((0..<(order * order)).map { Double(start[$0]) }, order))
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
    try site.emit([result], kernel: "det-\(input.elementType)", reads: [source], body: step)
  }

  private static func determinant(_ matrix: [Double], _ order: Int) -> Double {
    var a = matrix
    var result = 1.0
    for column in 0..<order {
      let pivot = (column..<order).max { abs(a[$0 * order + column]) < abs(a[$1 * order + column]) }
      guard let pivot, a[pivot * order + column] != 0 else { return 0 }
      if pivot != column {
        for k in 0..<order { a.swapAt(pivot * order + k, column * order + k) }
        result = -result
      }
      let head = a[column * order + column]
      result *= head
      for row in (column + 1)..<order {
        let factor = a[row * order + column] / head
        for k in column..<order { a[row * order + k] -= factor * a[column * order + k] }
      }
    }
    return result
  }
}
