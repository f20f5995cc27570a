import Conversion
import Foundation
import Graphs
import ONNX
import OrderedCollections
import Quantization
import Tensors

/// A small model written node by node.
struct Sketch {
  var graph = Graph(name: "sketch")

  init(input shape: [Int], output: String) {
    graph.inputs = [declare("x", shape)]
    graph.outputs = [ValueDeclaration(name: output, elementType: .float32, dimensions: nil)]
  }

  private func declare(_ name: String, _ shape: [Int]) -> ValueDeclaration {
    ValueDeclaration(
      name: name, elementType: .float32, dimensions: shape.map { Dimension.fixed($0) })
  }

  mutating func addOutput(_ name: String) {
    graph.outputs.append(ValueDeclaration(name: name, elementType: .float32, dimensions: nil))
  }

  mutating func constant(_ name: String, _ tensor: Tensor) {
    graph.initializers[name] = Initializer(tensor)
  }

  /// Weights that differ from channel to channel and use both signs.
  mutating func weight(_ name: String, _ shape: Shape, scale: Float = 1) {
    let values = (0..<shape.elementCount).map { Float(($0 * 37) % 23 - 11) / 11 * scale }
    constant(name, Tensor(values, shape: shape))
  }

  mutating func node(
    _ operatorType: String, _ inputs: [String], _ output: String, name: String = "",
    _ attributes: [String: Attribute] = [:]
  ) {
    graph.append(
      OperatorName(operatorType), name: name, inputs: inputs, outputs: [output],
      attributes: attributes)
  }

  /// A 1×1 convolution with a weight of its own.
  mutating func convolution(
    _ input: String, _ output: String, name: String, channels: (Int, Int) = (4, 4),
    bias: [Float]? = nil
  ) {
    weight(name + ".weight", Shape([channels.1, channels.0, 1, 1]))
    var inputs = [input, name + ".weight"]
    if let bias {
      constant(name + ".bias", Tensor(bias))
      inputs.append(name + ".bias")
    }
    node("Conv", inputs, output, name: name)
  }

  var model: Model { Model(graph: graph, opset: 17) }

  func layers() throws -> LayerGraph { try LayerGraph(model: model) }
}

/// A model committed with the tests.
func fixture(_ name: String) throws -> LayerGraph {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
  return try LayerGraph(
    model: ModelImporter.load(path: folder.appending(path: "Fixtures/Models/\(name).onnx").path()))
}

/// One map per quantized edge: 0...255 with a hundredth per step, zero in the middle for `affine`.
func plainParameters(
  _ resolution: Resolution, scale: Float = 0.01, zeroPoint: Int32 = 128
) -> [String: QuantizationParameters] {
  Dictionary(
    uniqueKeysWithValues: resolution.representatives.map {
      ($0, QuantizationParameters(scale: scale, zeroPoint: zeroPoint, range: .uint8))
    })
}

extension Conversion {
  func nodes(_ operatorType: String) -> [Node] { model.graph.nodes.filter { $0.is(operatorType) } }

  func producer(of value: String) -> Node? { GraphIndex(model.graph).producer(of: value) }
}
