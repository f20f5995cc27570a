internal import Glibc
internal import Graphs
internal import Tensors

/// HannWindow, HammingWindow and BlackmanWindow: sums of cosines over one period.
struct Window: OperatorKernel {
  /// Of the cosines of 0, 1 and 2 turns.
  private let coefficients: [Double]
  private let isPeriodic: Bool
  private let type: ElementType

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    coefficients =
      switch node.operatorName.name {
      case "HannWindow": [0.5, -0.5]
      // As the operator's own definition has them, not the usual 0.54 and 0.46.
      case "HammingWindow": [25.0 / 46.0, -21.0 / 46.0]
      default: [0.42, -0.5, 0.08]
      }
    isPeriodic = node.int("periodic") ?? 1 != 0
    type = try node.outputType()
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let size = try site.number(0)
    guard size >= 0, size < 1 << 30 else { throw site.mismatch("a size of \(size)") }
    let period = Double(isPeriodic ? size : size - 1)
    let values = (0..<size).map { index in
      // A window of one sample has no period.
      let turns = period > 0 ? Double(index) / period : 0
      return coefficients.enumerated().reduce(0.0) {
        $0 + $1.element * cos(2 * .pi * Double($1.offset) * turns)
      }
    }
    try site.emitReals(values, shape: [size], as: type)
  }
}

/// MelWeightMatrix: triangular filters that turn a spectrum into bands as wide as pitch is heard.
struct MelWeightMatrix: OperatorKernel {
  private let type: ElementType

  init(_ node: Node, opset: Int64) throws(ExecutionError) { type = try node.outputType() }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (bands, length, rate) = try (site.number(0), site.number(1), site.number(2))
    let (lowest, highest) = try (site.real(3), site.real(4))
    let bins = length / 2 + 1
    guard bands >= 0, length >= 0, rate > 0, lowest >= 0, highest >= lowest,
      let count = Shape([bins, bands]).checkedElementCount, count < 1 << 31
    else {
      throw site.mismatch(
        "\(bands) bands from \(lowest) to \(highest) Hz, length \(length), rate \(rate)")
    }
    func mel(_ frequency: Double) -> Double { 2595 * log10(1 + frequency / 700) }
    let step = (mel(highest) - mel(lowest)) / Double(bands + 2)
    let edges = (0..<(bands + 2)).map { index -> Int in
      let frequency = 700 * (pow(10, (Double(index) * step + mel(lowest)) / 2595) - 1)
      return Int((Double(length + 1) * frequency / Double(rate)).rounded(.down))
    }
    guard edges.allSatisfy({ $0 >= 0 && $0 < bins }) else {
      throw site.mismatch("\(highest) Hz is beyond half of the rate of \(rate)")
    }
    var weights = [Double](repeating: 0, count: bins * bands)
    for band in 0..<bands {
      let (left, centre, right) = (edges[band], edges[band + 1], edges[band + 2])
      if centre == left {
        weights[centre * bands + band] = 1
      } else {
        for bin in left...centre {
          weights[bin * bands + band] = Double(bin - left) / Double(centre - left)
        }
      }
      for bin in centre..<right {
        weights[bin * bands + band] = Double(right - bin) / Double(right - centre)
      }
    }
    try site.emitReals(weights, shape: [bins, bands], as: type)
  }
}

extension Node {
  /// The attribute `output_datatype`; float32 where it is missing.
  fileprivate func outputType() throws(ExecutionError) -> ElementType {
    let code = int("output_datatype") ?? 1
    guard let type = Int32(exactly: code).flatMap(ElementType.init(rawValue:)) else {
      throw .invalidAttribute(
        operatorName: operatorName.description, node: name, attribute: "output_datatype",
        detail: "is \(code)")
    }
    return type
  }
}

extension OperatorSite {
  /// Output 0 is these numbers, in another type.
  fileprivate func emitReals(
    _ values: [Double], shape: Shape, as type: ElementType
  ) throws(ExecutionError) {
    let value = compiler.addConstant(Tensor(values, shape: shape))
    try emitConverted(read(value), .float64, to: type, shape: shape)
  }
}
