internal import Graphs
internal import Kernels
internal import Tensors

/// GridSample: values at any positions of an image of any number of axes.
struct GridSampling: OperatorKernel {
  private let alignsCorners: Bool
  private let padding: GridSampler.Padding
  private let interpolation: GridSampler.Interpolation

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    alignsCorners = node.int("align_corners") ?? 0 != 0
    let padding = node.string("padding_mode") ?? "zeros"
    let mode = node.string("mode") ?? "linear"
    guard let padding = GridSampler.Padding(rawValue: padding) else {
      throw .invalidAttribute(
        operatorName: "GridSample", node: node.name, attribute: "padding_mode",
        detail: "is '\(padding)'")
    }
    self.padding = padding
    switch mode {
    case "nearest": interpolation = .nearest
    case "linear", "bilinear": interpolation = .linear
    case "cubic", "bicubic": interpolation = .cubic
    default:
      throw .invalidAttribute(
        operatorName: "GridSample", node: node.name, attribute: "mode", detail: "is '\(mode)'")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let type = input.elementType
    if type != .float32 && type != .float64 {
      return try site.compileInFloat(input, rounds: false) {
        (value: Value) throws(ExecutionError) in try compile(value, site)
      }
    }
    try compile(input, site)
  }

  private func compile(_ input: Value, _ site: OperatorSite) throws(ExecutionError) {
    let grid = try site.input(1)
    let type = input.elementType
    try site.require(grid, type)
    let rank = input.shape.rank - 2
    guard rank > 0, rank <= 3, grid.shape.rank == rank + 2, grid.shape[0] == input.shape[0],
      grid.shape[rank + 1] == rank
    else { throw site.mismatch("a grid \(grid.shape) for an input \(input.shape)") }
    let (batch, channels) = (input.shape[0], input.shape[1])
    let image = Array(input.shape.dimensions[2...])
    let points = grid.shape.dimensions[1...rank].reduce(1, *)
    guard image.allSatisfy({ $0 > 0 }) || points == 0 else {
      throw site.mismatch("an image \(input.shape) without pixels")
    }
    let sampler = GridSampler(
      image: image, alignsCorners: alignsCorners, padding: padding, interpolation: interpolation)
    let pixels = Shape(image).elementCount
    let (source, places) = (site.read(input), site.read(grid))
    let result = try site.output(
      0, type, Shape([batch, channels] + grid.shape.dimensions[1...rank]))
    let target = site.write(result)
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        let positions = run.elements(places, of: type)
        // Points in blocks, so that the taps of a block serve all channels.
        let side = 64
        let blocks = (points + side - 1) / side
        run.pool.parallel(batch * blocks, grain: max(1, 128 / max(channels, 1))) { range in
          var taps: [GridSampler.Tap<Real>] = []
          var ends: [Int] = []
          for block in range {
            let (item, first) = (block / blocks, block % blocks * side)
            let count = min(side, points - first)
            taps.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            for point in first..<first + count {
              sampler.appendTaps(at: positions + (item * points + point) * rank, to: &taps)
              ends.append(taps.count)
            }
            taps.withUnsafeBufferPointer { taps in
              for channel in 0..<channels {
                let plane = from + (item * channels + channel) * pixels
                let row = to + (item * channels + channel) * points + first
                var tap = 0
                for point in 0..<count {
                  var sum: Real = 0
                  while tap < ends[point] {
                    sum += taps[tap].weight * plane[taps[tap].offset]
                    tap &+= 1
                  }
                  row[point] = sum
                }
              }
            }
          }
        }
      }
    }
    try site.emitReal(
      [result], type, kernel: "gridsample", reads: [source, places], single: body(Float.self),
      double: body(Double.self))
  }
}
