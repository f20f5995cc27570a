import Conversion
import Graphs
import Kernels
import OrderedCollections
import Quantization
import Tensors
import Testing

@testable import Training

/// PyTorch's eager quantization-aware training: Conv-BN-ReLU and a fully connected layer.
extension ModelGoldenTests {
  func checkTraining(_ golden: GoldenSet.Case) throws {
    let run = try TorchTraining(golden)
    let tolerance = golden["suggested_tolerance"]
    let lossTolerance = try #require(tolerance["loss_rel"].double)
    let parameterTolerance = try #require(tolerance["param_abs"].float)
    let scaleTolerance = try #require(tolerance["scale_rel"].float)
    let steps = golden["steps"].array
    try #require(!steps.isEmpty)
    for step in steps {
      let loss = try run.step()
      let expected = try #require(step["loss"].double)
      #expect(abs(loss - expected) <= lossTolerance * expected, "step \(step["step"].int ?? -1)")
      try expectNear(run.output, step["output"], parameterTolerance, "output")
      for (name, reference) in step["gradients"].members {
        try expectNear(try run.gradient(name), reference, parameterTolerance, "gradient of \(name)")
      }
      for (name, expected) in step["fake_quants"].members {
        let module = try run.module(name)
        for (found, wanted) in zip(module.maps.map(\.scale), expected["scale"].numbers) {
          #expect(abs(found - wanted) <= scaleTolerance * wanted, "scale of \(name)")
        }
        #expect(module.maps.count == expected["scale"].numbers.count)
        let slack: Float = expected["zero_point"].numbers.count == 1 ? 1 : 0
        for (found, wanted) in zip(module.maps.map(\.zeroPoint), expected["zero_point"].numbers) {
          #expect(abs(found - wanted) <= slack, "zero point of \(name)")
        }
        for (found, wanted) in zip(module.minima, expected["min_val"].numbers) {
          #expect(abs(found - wanted) <= parameterTolerance, "minimum of \(name)")
        }
        for (found, wanted) in zip(module.maxima, expected["max_val"].numbers) {
          #expect(abs(found - wanted) <= parameterTolerance, "maximum of \(name)")
        }
      }
      run.update()
    }
    for (name, reference) in golden["final_parameters"].members {
      try expectNear(try run.parameter(name), reference, parameterTolerance, name)
    }
    try checkConverted(golden, run, scaleTolerance)
  }

  private func checkConverted(
    _ golden: GoldenSet.Case, _ run: TorchTraining, _ tolerance: Float
  ) throws {
    let conversion = try run.converted()
    for module in ["conv", "fc"] {
      let expected = golden["converted"][module]
      let parameters = try #require(conversion.weightParameters[module])
      for (found, wanted) in zip(parameters.channels, expected["weight"]["scale"].numbers) {
        #expect(abs(found.scale - wanted) <= tolerance * wanted, "\(module)")
      }
      let initializer = try #require(run.layers[module]?.weight?.initializer)
      let stored = try #require(conversion.model.graph.constant(initializer + "_quantized"))
      let codes = stored.array(of: Int8.self).map { Int($0) }
      let wanted = expected["weight"]["q"]["data"].ints
      try #require(codes.count == wanted.count)
      #expect(zip(codes, wanted).allSatisfy { abs($0 - $1) <= 1 }, "\(module)")
      let edge = try #require(conversion.edgeParameters[run.edges[module] ?? ""])
      let scale = try #require(expected["output_scale"].float)
      #expect(abs(edge.scale - scale) <= tolerance * scale, "\(module)")
    }
  }

  private func expectNear(
    _ found: [Float], _ reference: JSONValue, _ tolerance: Float, _ what: String
  ) throws {
    let expected = try GoldenSet.current.tensor(reference).floats
    try #require(found.count == expected.count, "\(what)")
    let distance = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(distance <= tolerance, "\(what): \(distance) apart")
  }
}

/// The recorded network, trained here.
private final class TorchTraining {
  let layers: LayerGraph
  let rounding: Rounding
  let plan: TrainingPlan
  let model: Model
  /// The edge behind each module.
  let edges = ["quant": "x", "conv": "relu", "fc": "fc"]
  private let store = ParameterStore()
  private let optimizer: Optimizer
  private let inputs: [String: Tensor]
  private let target: [Float]
  private let rate: Float
  private let resolution: Resolution

  init(_ golden: GoldenSet.Case) throws {
    var graph = Graph(name: "qat")
    let input = try GoldenSet.current.tensor(golden["input"])
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32,
        dimensions: [.symbolic("batch")] + input.shape.dimensions.dropFirst().map { .fixed($0) })
    ]
    for (name, reference) in golden["initial_parameters"].members {
      graph.initializers[name] = Initializer(try GoldenSet.current.tensor(reference))
    }
    graph.append(
      OperatorName("Conv"), name: "conv", inputs: ["x", "conv.weight", "conv.bias"],
      outputs: ["conv"])
    graph.append(
      OperatorName("BatchNormalization"), name: "bn",
      inputs: ["conv", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"],
      outputs: ["bn"])
    graph.append(OperatorName("Relu"), name: "relu", inputs: ["bn"], outputs: ["relu"])
    graph.append(OperatorName("Flatten"), name: "flatten", inputs: ["relu"], outputs: ["flat"])
    graph.append(
      OperatorName("Gemm"), name: "fc", inputs: ["flat", "fc.weight", "fc.bias"],
      outputs: ["fc"], attributes: ["transB": .int(1)])
    graph.outputs = [ValueDeclaration(name: "fc", elementType: .float32, dimensions: nil)]
    let source = Model(graph: graph, opset: 17)
    model = try source.prepared(keepsNormalizations: true).model
    layers = try LayerGraph(model: source)
    let backend = try #require(Target(rawValue: golden["backend"].string ?? ""))
    resolution = try layers.resolve(Recipe(target: backend))
    rounding = try Rounding(layers, resolution, rule: .torch(.fused))
    inputs = ["x": input]
    plan = try TrainingPlan(
      model, sample: inputs, outputs: ["fc"], store: store, rounding: rounding,
      pool: ThreadPool(threads: 1))
    optimizer = Optimizer(.sgd(momentum: 0, weightDecay: 0), store)
    target = try GoldenSet.current.tensor(golden["target"]).floats
    rate = try #require(golden["lr"].float)
  }

  /// Forwards and backwards; the update is another matter.
  func step() throws -> Double {
    try plan.forward(inputs, mode: .training)
    let gradient = try #require(plan.outputGradient("fc"))
    let loss = Loss.squaredError(plan.output("fc"), target: { target[$0] }, into: gradient)
    plan.backward(mode: .training)
    return loss
  }

  func update() { optimizer.step(rate: rate) }

  var output: [Float] { Array(plan.output("fc")) }

  func gradient(_ name: String) throws -> [Float] {
    Array(store.gradients(try number(name)))
  }

  func parameter(_ name: String) throws -> [Float] { Array(store.values(try number(name))) }

  private func number(_ name: String) throws -> Int {
    let own = name.hasPrefix("conv.bn.") ? String(name.dropFirst(5)) : name
    return try #require(store.number(of: own), "\(name)")
  }

  func module(_ name: String) throws -> FakeQuantizationModule {
    let parts = name.split(separator: ".").map(String.init)
    if parts[1] == "weight_fake_quant" { return try #require(rounding.weights[parts[0]]?[1]) }
    let edge = try #require(edges[parts[0]])
    return try #require(rounding.edges[resolution.edges[edge]?.representative ?? ""])
  }

  func converted() throws -> Conversion {
    try TrainedModel(
      model, store: store, rounding: rounding, recipe: resolution.recipe,
      usesTrainedWeightMaps: true
    ).conversion
  }
}
