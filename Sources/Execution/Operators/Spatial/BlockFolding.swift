internal import Graphs
internal import Kernels
internal import Tensors

/// Col2Im: blocks of pixels are added up where they lie over one another.
struct BlockFolding: OperatorKernel {
  private let attributes: SpatialAttributes

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    attributes = try SpatialAttributes(node)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let image = try site.integers(1)
    let block = try site.integers(2)
    let (shape, type) = (input.shape, input.elementType)
    guard shape.rank == 3, !image.isEmpty, image.count == block.count,
      (image + block).allSatisfy({ $0 > 0 && $0 < 1 << 31 })
    else { throw site.mismatch("blocks \(block) of an image \(image) in \(shape)") }
    let axes = try attributes.axes(kernel: block, input: image)
    let positions = zip(axes, image).map { $0.positions(over: $1) }
    let window = SlidingWindow(axes: axes, image: image, positions: positions)
    let (pixels, places) = (window.image.elementCount, window.positions.elementCount)
    guard shape[1] % window.tapCount == 0, shape[2] == places else {
      throw site.mismatch("\(places) blocks of \(block) in \(shape)")
    }
    let channels = shape[1] / window.tapCount
    let source = site.read(input)
    let result = try site.output(0, type, Shape([shape[0], channels] + image))
    let target = site.write(result)
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        let step = window.step
        run.pool.dynamic(shape[0] * channels) { range, _ in
          for plane in range {
            let picture = to + plane * pixels
            picture.update(repeating: 0, count: pixels)
            for tap in 0..<window.tapCount {
              let column = from + (plane * window.tapCount + tap) * places
              window.runs(tap: tap) { position, pixel, count in
                for index in 0..<count {
                  picture[pixel + index * step] += column[position + index]
                }
              }
            }
          }
        }
      }
    }
    try site.emitReal(
      [result], type, kernel: "col2im", reads: [source], single: body(Float.self),
      double: body(Double.self))
  }
}
