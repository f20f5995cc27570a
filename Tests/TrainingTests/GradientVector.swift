import Foundation
import Graphs
import OrderedCollections
import Tensors
import Testing

/// A node, its operands and the gradients that PyTorch gives them: one case of gradients.json.
struct GradientVector: Decodable, Sendable, CustomTestStringConvertible {
  struct Values: Decodable, Sendable {
    let shape: [Int]
    let data: [Double]
    let integer: Bool?

    var tensor: Tensor {
      integer ?? false
        ? Tensor(data.map { Int64($0) }, shape: Shape(shape))
        : Tensor(data.map { Float($0) }, shape: Shape(shape))
    }
  }

  /// An attribute as JSON has it.
  enum Setting: Decodable, Sendable {
    case int(Int64)
    case float(Float)
    case ints([Int64])
    case text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Int64.self) {
        self = .int(value)
      } else if let value = try? container.decode(Float.self) {
        self = .float(value)
      } else if let value = try? container.decode([Int64].self) {
        self = .ints(value)
      } else {
        self = .text(try container.decode(String.self))
      }
    }
  }

  let name: String
  let `operator`: String
  let attributes: [String: Setting]
  let operands: [Values]
  let constants: [String: Values]
  /// Inputs that are left out in front of others.
  let missing: [Int]?
  let outputs: [Values]
  let upstream: [Values]
  let gradients: [Values]
  let running: [Values]?

  var testDescription: String { name }

  static let all: [GradientVector] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Data/gradients.json")
    do {
      return try JSONDecoder().decode([GradientVector].self, from: Data(contentsOf: file))
    } catch {
      print("\(file.path): \(error)")
      return []
    }
  }()

  /// Names of the operands, in order.
  var operandNames: [String] { operands.indices.map { "operand\($0)" } }
  var outputNames: [String] { outputs.indices.map { "output\($0)" } }

  /// The node alone, with all it reads as constants.
  var model: Model {
    var graph = Graph(name: name)
    var inputs: [String] = []
    var operand = 0
    for index in 0..<(operands.count + constants.count + 8) {
      if let constant = constants["\(index)"] {
        graph.initializers["constant\(index)"] = Initializer(constant.tensor)
        inputs.append("constant\(index)")
      } else if missing?.contains(index) ?? false {
        inputs.append("")
      } else if operand < operands.count {
        graph.initializers["operand\(operand)"] = Initializer(operands[operand].tensor)
        inputs.append("operand\(operand)")
        operand += 1
      } else {
        inputs.append("")
      }
    }
    while inputs.last?.isEmpty ?? false { inputs.removeLast() }
    graph.append(
      OperatorName(`operator`), name: "node", inputs: inputs, outputs: outputNames,
      attributes: attributes.mapValues { setting in
        switch setting {
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        case .ints(let values): .ints(values)
        case .text(let text): .string(Array(text.utf8))
        }
      })
    graph.outputs = outputNames.map {
      ValueDeclaration(name: $0, elementType: .float32, dimensions: nil)
    }
    return Model(graph: graph, opset: 24)
  }
}
