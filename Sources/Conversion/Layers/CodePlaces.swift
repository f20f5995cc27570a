import Graphs

/// Where an operator on codes has its operands.
struct CodePlaces {
  var inputs = [0]
  /// Of the codes; scale and zero point follow.
  var weights: Int?
  var bias: Int?
  /// The zero point follows; `nil` where the output is real.
  var outputScale: Int?

  init(_ node: Node) {
    switch node.operatorName.name {
    case "QLinearConv": (weights, bias, outputScale) = (3, 8, 6)
    case "QLinearMatMul": (inputs, weights, outputScale) = ([0, 3], 3, 6)
    case "QGemm":
      (inputs, weights, bias) = ([0, 3], 3, 6)
      outputScale = node.input(7) == nil ? nil : 7
    case "QLinearAdd", "QLinearMul": (inputs, outputScale) = ([0, 3], 6)
    case "QLinearConcat":
      inputs = Array(stride(from: 2, to: node.inputs.count, by: 3))
      outputScale = 0
    case "QLinearWhere": (inputs, outputScale) = ([1, 4], 7)
    case "NhwcMaxPool": outputScale = nil
    default: outputScale = 3
    }
  }
}
