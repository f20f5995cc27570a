import Conversion
import Foundation
import Graphs
import Kernels
import OrderedCollections
import Quantization
import Tensors
import Testing

@testable import Training

/// Every engine's recipe under PyTorch's range rule is PyTorch's default QAT configuration.
@Suite struct QATConfigurationTests {
  struct Recording: Decodable, Sendable, CustomTestStringConvertible {
    struct Maps: Decodable, Sendable {
      let scale: [Float]
      let zeroPoint: [Float]
      let lowest: Float
      let highest: Float
    }

    struct Step: Decodable, Sendable {
      let input: GradientVector.Values
      let weight: GradientVector.Values
      /// What the convolution makes, before it is rounded.
      let made: GradientVector.Values
      let modules: [String: Maps]
    }

    let backend: String
    let steps: [Step]

    var testDescription: String { backend }

    static let all: [Recording] = {
      let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Data/qat_configurations.json")
      do {
        return try JSONDecoder().decode([Recording].self, from: Data(contentsOf: file))
      } catch {
        print("\(file.path): \(error)")
        return []
      }
    }()
  }

  @Test func everyEngineIsThere() { #expect(Recording.all.count == 4) }

  @Test(arguments: Recording.all)
  func followsPyTorch(recording: Recording) throws {
    let first = try #require(recording.steps.first)
    let model = Self.model(first)
    let layers = try LayerGraph(model: model)
    let target = try #require(Target(rawValue: recording.backend))
    let resolution = try layers.resolve(Recipe(target: target))
    let rounding = try Rounding(layers, resolution, rule: .torch(.fused))
    let store = ParameterStore()
    let plan = try TrainingPlan(
      layers.model, sample: ["x": first.input.tensor], outputs: ["y"], store: store,
      rounding: rounding, pool: ThreadPool(threads: 1))
    let edges = ["input": "x", "output": "y"]
    for step in recording.steps {
      let number = try #require(store.number(of: "w"))
      _ = store.values(number).update(fromContentsOf: step.weight.tensor.floats)
      try plan.forward(["x": step.input.tensor], mode: .training)
      for (name, expected) in step.modules {
        let module =
          name == "weight"
          ? rounding.weights.values.first?[1]
          : rounding.edges[resolution.edges[edges[name] ?? ""]?.representative ?? ""]
        let maps = try #require(module).maps
        #expect(maps.count == expected.scale.count, "\(name)")
        for (index, map) in maps.enumerated() {
          let scale = expected.scale[index]
          #expect(abs(map.scale - scale) <= 1e-5 * scale, "\(name)")
          #expect(map.zeroPoint == expected.zeroPoint[index], "\(name)")
          #expect(map.lowest == expected.lowest && map.highest == expected.highest, "\(name)")
        }
      }
      let map = try #require(step.modules["output"])
      let low = map.scale[0] * (map.lowest - map.zeroPoint[0])
      let high = map.scale[0] * (map.highest - map.zeroPoint[0])
      for (found, made) in zip(plan.output("y"), step.made.data) {
        let distance = abs(found - min(max(Float(made), low), high))
        #expect(distance <= 0.501 * map.scale[0])
      }
    }
  }

  private static func model(_ step: Recording.Step) -> Model {
    var graph = Graph(name: "qat")
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32, dimensions: step.input.shape.map { .fixed($0) })
    ]
    graph.initializers["w"] = Initializer(step.weight.tensor)
    graph.append(OperatorName("Conv"), name: "conv", inputs: ["x", "w"], outputs: ["y"])
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    return Model(graph: graph, opset: 17)
  }
}
