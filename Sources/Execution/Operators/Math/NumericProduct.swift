internal import Kernels
internal import Tensors

/// Products of matrices of numbers that no kernel knows: doubles, and integers that wrap.
struct NumericProduct: NumericWork {
  /// `c = alpha * a @ b`, or behind a Gemm also `+ beta * addend`.
  struct Addend {
    let buffer: Buffer.ID
    /// For each row and each column.
    let strides: [Int]
    let beta: Float
  }

  let rows: Int
  let depth: Int
  let columns: Int
  var transposesLeft = false
  var transposesRight = false
  var alpha: Float = 1
  var addend: Addend?
  /// Over matrices.
  let loop: BroadcastLoop
  let operands: [Buffer.ID]
  let target: Buffer.ID

  func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
    { (run: RunContext) throws(ExecutionError) in
      let (a, b) = (run.elements(operands[0], of: type), run.elements(operands[1], of: type))
      let c = run.elements(target, of: type)
      loop.run { index, i, j in
        multiply(
          a + i * rows * depth, b + j * depth * columns, into: c + index * rows * columns, run)
      }
    }
  }

  private func multiply<Element: NumericElement>(
    _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    into c: UnsafeMutablePointer<Element>, _ run: RunContext
  ) {
    let (rowStep, depthStep) = transposesLeft ? (1, rows) : (depth, 1)
    let (lineStep, columnStep) = transposesRight ? (1, depth) : (columns, 1)
    let added = addend.map { run.elements($0.buffer, of: Element.self) }
    run.pool.parallel(rows, grain: max(1, 65_536 / max(1, depth * columns))) { range in
      for row in range {
        let line = c + row * columns
        line.update(repeating: 0, count: columns)
        for k in 0..<depth {
          let factor = a[row * rowStep + k * depthStep]
          let other = b + k * lineStep
          for column in 0..<columns {
            line[column] = Element.apply(
              .add, line[column], Element.apply(.multiply, factor, other[column * columnStep]))
          }
        }
        guard alpha != 1 || added != nil else { continue }
        for column in 0..<columns {
          line[column] = finished(line[column], row, column, added)
        }
      }
    }
  }

  private func finished<Element: NumericElement>(
    _ value: Element, _ row: Int, _ column: Int, _ added: UnsafePointer<Element>?
  ) -> Element {
    let scaled = Self.scaled(value, by: alpha)
    guard let addend, let added else { return scaled }
    let other = added[row * addend.strides[0] + column * addend.strides[1]]
    return Element.apply(.add, scaled, Self.scaled(other, by: addend.beta))
  }

  private static func scaled<Element: NumericElement>(
    _ value: Element, by factor: Float
  ) -> Element {
    factor == 1 ? value : Element(.real(value.number.real * Double(factor)))
  }
}
