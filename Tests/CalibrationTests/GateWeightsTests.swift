import Calibration
import Conversion
import Foundation
import Graphs
import OrderedCollections
import Quantization
import Tensors
import Testing

@Suite struct GateWeightsTests {
  /// A recurrent layer of two directions; gate `g` of direction `d` has weights of up to
  /// `(g + 1) * (d + 1)`, and a fourth of that for the hidden state.
  private func layers(_ operatorType: String, gates: Int) throws -> LayerGraph {
    let (hidden, inputs) = (2, 5)
    func weights(_ columns: Int, _ factor: Float) -> Tensor {
      var values: [Float] = []
      for direction in 0..<2 {
        for row in 0..<gates * hidden {
          let size = Float(row / hidden + 1) * Float(direction + 1) * factor
          values += (0..<columns).map { $0 == 0 ? -size : size / Float($0 + 1) }
        }
      }
      return Tensor(values, shape: [2, gates * hidden, columns])
    }
    var graph = Graph(name: "recurrent")
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32, dimensions: [.fixed(3), .fixed(1), .fixed(inputs)])
    ]
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    graph.initializers["w"] = Initializer(weights(inputs, 1))
    graph.initializers["r"] = Initializer(weights(hidden, 0.25))
    graph.append(
      OperatorName(operatorType), name: "layer", inputs: ["x", "w", "r"], outputs: ["y"],
      attributes: [
        "hidden_size": .int(Int64(hidden)), "direction": .string(Array("bidirectional".utf8)),
      ])
    return try LayerGraph(model: Model(graph: graph, opset: 17))
  }

  private func gates(_ layers: LayerGraph, _ rule: String) throws -> [GateWeights] {
    let recipe = Recipe(target: .x86, rules: [try Rule(parsing: rule)])
    let layer = try #require(layers["layer"])
    let choice = try #require(try layers.resolve(recipe).layers["layer"])
    return try WhatIf(layers: layers, statistics: CalibrationStatistics()).gates(of: layer, choice)
  }

  @Test(arguments: [("LSTM", ["i", "o", "f", "c"]), ("GRU", ["z", "r", "h"])])
  func gatesStandInTheOrderOfONNX(operatorType: String, names: [String]) throws {
    let found = try gates(layers(operatorType, gates: names.count), "all:precision=dynamic")
    #expect(found.map(\.gate) == names)
    for (place, gate) in found.enumerated() {
      let size = Float(place + 1) * 2
      #expect(gate.input.range.lowerBound == -size)
      #expect(gate.input.range.upperBound == size / 2)
      #expect(gate.recurrence.range.lowerBound == -size / 4)
      // The directions share maps, so a channel's scale is that of the wider one.
      #expect(gate.input.scales == size / 127.5...size / 127.5)
    }
  }

  @Test func oneScaleForAllServesSmallGatesWorse() throws {
    let layers = try self.layers("LSTM", gates: 4)
    let fine = try gates(layers, "all:precision=dynamic")
    let coarse = try gates(layers, "all:precision=dynamic,weight.granularity=perTensor")
    #expect(Set(coarse.map(\.input.scales)).count == 1)
    let decibels = try [fine, coarse].map { try #require($0[0].input.decibels) }
    #expect(decibels[0] > decibels[1] + 6)
  }

  @Test func floatWeightsHaveARangeAndNoScale() throws {
    let found = try gates(layers("GRU", gates: 3), "all:precision=float32")
    #expect(found.map(\.input.range.lowerBound) == [-2, -4, -6])
    #expect(found.allSatisfy { $0.input.scales == nil && $0.recurrence.decibels == nil })
  }
}
