internal import Graphs
internal import Tensors

/// AffineGrid: the sampling positions of an affine map, in two or three dimensions.
struct AffineGrid: OperatorKernel {
  private let alignsCorners: Bool

  static let widensHalves = true

  init(_ node: Node, opset: Int64) { alignsCorners = node.int("align_corners") ?? 0 != 0 }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let maps = try site.input(0)
    let size = try site.integers(1)
    let rank = size.count - 2
    guard rank == 2 || rank == 3, size.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }),
      maps.shape == [size[0], rank, rank + 1]
    else { throw site.mismatch("maps \(maps.shape) for an image of size \(size)") }
    let extents = Array(size[2...])
    // Normalised coordinates along each axis: from corner to corner, or centre to centre.
    let places = extents.map { extent in
      (0..<extent).map { index -> Double in
        guard alignsCorners else { return (2 * Double(index) + 1) / Double(extent) - 1 }
        return extent == 1 ? -1 : 2 * Double(index) / Double(extent - 1) - 1
      }
    }
    let points = Shape(extents).elementCount
    let source = site.read(maps)
    let result = try site.output(0, maps.elementType, Shape([size[0]] + extents + [rank]))
    let target = site.write(result)
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let from = run.elements(source, of: type)
        let to = run.elements(target, of: type)
        var position = [Real](repeating: 0, count: rank)
        for point in 0..<points {
          // x, the last axis, comes first.
          var rest = point
          for axis in (0..<rank).reversed() {
            position[rank - 1 - axis] = Real(places[axis][rest % extents[axis]])
            rest /= extents[axis]
          }
          for image in 0..<size[0] {
            for row in 0..<rank {
              let map = from + (image * rank + row) * (rank + 1)
              var sum = map[rank]
              for axis in 0..<rank { sum += map[axis] * position[axis] }
              to[(image * points + point) * rank + row] = sum
            }
          }
        }
      }
    }
    try site.emitReal(
      [result], maps.elementType, kernel: "affine-grid", reads: [source], single: body(Float.self),
      double: body(Double.self))
  }
}
