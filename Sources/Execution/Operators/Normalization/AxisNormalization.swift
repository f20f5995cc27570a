internal import Graphs
internal import Kernels
internal import Tensors

/// LpNormalization along one axis, LRN across neighbouring channels, and
/// MeanVarianceNormalization over any axes.
struct AxisNormalization: OperatorKernel {
  private enum Function {
    /// `x / norm(x)`, 0 where the norm is.
    case norm(axis: Int, exponent: Int64)
    /// `x / (bias + alpha / size * sum(x^2))^beta` over `size` channels.
    case localResponse(size: Int, alpha: Float, beta: Float, bias: Float)
    /// `(x - mean) / (deviation + 1e-9)`.
    case meanVariance(axes: [Int])
  }

  private let function: Function

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    switch node.operatorName.name {
    case "LRN":
      guard let size = node.int("size"), size > 0, size <= 1 << 24 else {
        throw .invalidAttribute(
          operatorName: "LRN", node: node.name, attribute: "size",
          detail: "must be given and positive")
      }
      function = .localResponse(
        size: Int(size), alpha: node.float("alpha") ?? 1e-4, beta: node.float("beta") ?? 0.75,
        bias: node.float("bias") ?? 1)
    case "LpNormalization":
      let exponent = node.int("p") ?? 2
      guard exponent == 1 || exponent == 2 else {
        throw .invalidAttribute(
          operatorName: "LpNormalization", node: node.name, attribute: "p",
          detail: "must be 1 or 2, but is \(exponent)")
      }
      function = .norm(axis: Int(clamping: node.int("axis") ?? -1), exponent: exponent)
    default:
      function = .meanVariance(axes: (node.ints("axes") ?? [0, 2, 3]).map { Int(clamping: $0) })
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    let source = site.read(input)
    let result = try site.output(0, input.elementType, shape)
    let target = site.write(result)
    let single: Step.Body
    let double: Step.Body
    switch function {
    case .norm(let axis, let exponent):
      let axis = try site.axis(axis, of: shape)
      let lines = NormalizedGroups(shape, reduced: [axis])
      single = body(source, target, Float.self) { lines.divide($0, byNorm: exponent, into: $1) }
      double = body(source, target, Double.self) { lines.divide($0, byNorm: exponent, into: $1) }
    case .meanVariance(let given):
      var axes: [Int] = []
      for axis in given { axes.append(try site.axis(axis, of: shape)) }
      let lines = NormalizedGroups(shape, reduced: Set(axes))
      single = body(source, target, Float.self) { lines.standardize($0, into: $1) }
      double = body(source, target, Double.self) { lines.standardize($0, into: $1) }
    case .localResponse(let size, let alpha, let beta, let bias):
      guard shape.rank >= 2 else { throw site.mismatch("an input \(shape) without channels") }
      let response = LocalResponse(shape, size: size, alpha: alpha, beta: beta, bias: bias)
      single = body(source, target, Float.self) { response.run($0, into: $1) }
      double = body(source, target, Double.self) { response.run($0, into: $1) }
    }
    try site.emitReal(
      [result], input.elementType, kernel: site.operatorName.lowercased(), reads: [source],
      single: single, double: double)
  }

  private func body<Real: RealElement>(
    _ source: Buffer.ID, _ target: Buffer.ID, _ type: Real.Type,
    _ compute: @escaping (UnsafePointer<Real>, UnsafeMutablePointer<Real>) -> Void
  ) -> Step.Body {
    { (run: RunContext) throws(ExecutionError) in
      compute(run.elements(source), run.elements(target))
    }
  }
}

/// The elements of an array that lie on one line, or plane, along some of its axes.
private struct NormalizedGroups {
  /// Where each line begins.
  private let starts: [Int]
  /// Where its elements lie from there.
  private let places: [Int]

  init(_ shape: Shape, reduced: Set<Int>) {
    func offsets(_ isWanted: (Int) -> Bool) -> [Int] {
      let strides = shape.strides
      return shape.dimensions.indices.filter(isWanted).reduce([0]) { offsets, axis in
        offsets.flatMap { offset in (0..<shape[axis]).map { offset + $0 * strides[axis] } }
      }
    }
    starts = offsets { !reduced.contains($0) }
    places = offsets { reduced.contains($0) }
  }

  func divide<Real: RealElement>(
    _ input: UnsafePointer<Real>, byNorm exponent: Int64, into output: UnsafeMutablePointer<Real>
  ) {
    for start in starts {
      var sum: Real = 0
      for place in places {
        let value = input[start + place]
        sum += exponent == 1 ? abs(value) : value * value
      }
      let norm = exponent == 1 ? sum : sum.squareRoot()
      for place in places {
        output[start + place] = norm == 0 ? 0 : input[start + place] / norm
      }
    }
  }

  func standardize<Real: RealElement>(
    _ input: UnsafePointer<Real>, into output: UnsafeMutablePointer<Real>
  ) {
    for start in starts {
      var (sum, squares) = (0.0, 0.0)
      for place in places { sum += Double(input[start + place]) }
      let mean = sum / Double(places.count)
      for place in places {
        let difference = Double(input[start + place]) - mean
        squares += difference * difference
      }
      let deviation = (squares / Double(places.count)).squareRoot() + 1e-9
      for place in places {
        output[start + place] = Real((Double(input[start + place]) - mean) / deviation)
      }
    }
  }
}

/// Sums of squares over neighbouring channels.
private struct LocalResponse {
  private let images: Int
  private let channels: Int
  private let pixels: Int
  private let before: Int
  private let after: Int
  private let factor: Double
  private let beta: Double
  private let bias: Double

  init(_ shape: Shape, size: Int, alpha: Float, beta: Float, bias: Float) {
    (images, channels) = (shape[0], shape[1])
    pixels = shape.dimensions[2...].reduce(1, *)
    before = (size - 1) / 2
    after = size / 2
    factor = Double(alpha) / Double(size)
    self.beta = Double(beta)
    self.bias = Double(bias)
  }

  func run<Real: RealElement>(
    _ input: UnsafePointer<Real>, into output: UnsafeMutablePointer<Real>
  ) {
    for image in 0..<images {
      let from = input + image * channels * pixels
      for channel in 0..<channels {
        let to = output + (image * channels + channel) * pixels
        to.update(repeating: 0, count: pixels)
        for other in max(0, channel - before)...min(channels - 1, channel + after) {
          let plane = from + other * pixels
          for pixel in 0..<pixels { to[pixel] += plane[pixel] * plane[pixel] }
        }
        let plane = from + channel * pixels
        for pixel in 0..<pixels {
          let base = Real(bias) + Real(factor) * to[pixel]
          to[pixel] = plane[pixel] / Real.power(base, Real(beta))
        }
      }
    }
  }
}
