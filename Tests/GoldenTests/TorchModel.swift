import Conversion
import Foundation
import Graphs
import OrderedCollections
import Tensors
import Testing

/// The ONNX graph of one of the recorded PyTorch models, every module's output under its name.
struct TorchModel {
  /// The value that each module makes; `quant` makes the input itself.
  private(set) var values: [String: String] = ["quant": "x"]
  private var graph = Graph(name: "torch")

  var model: Model { Model(graph: graph, opset: 17) }

  /// - Throws: where the parameters are those of no model that is known here.
  init(_ golden: GoldenSet.Case) throws {
    let input = try GoldenSet.current.tensor(golden["input"])
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32,
        dimensions: [.symbolic("batch")] + input.shape.dimensions.dropFirst().map { .fixed($0) })
    ]
    var parameters: [String: Tensor] = [:]
    for (name, reference) in golden["float_parameters"].members {
      parameters[name] = try GoldenSet.current.tensor(reference)
      graph.initializers[name] = Initializer(try GoldenSet.current.tensor(reference))
    }
    var output = "x"
    if parameters["body.0.weight"] != nil {
      try addSequence(golden, parameters, from: &output)
    } else if parameters["c1.weight"] != nil, parameters["c2.weight"] != nil {
      try addResidual(golden, parameters, from: &output)
    } else {
      Issue.record("\(golden.id): a model of \(parameters.keys.sorted()) is not known")
    }
    graph.outputs = [ValueDeclaration(name: output, elementType: .float32, dimensions: nil)]
  }

  /// Modules without parameters are ReLUs.
  private mutating func addSequence(
    _ golden: GoldenSet.Case, _ parameters: [String: Tensor], from value: inout String
  ) throws {
    let modules = golden["module_outputs"].members.keys.filter { $0.hasPrefix("body.") }
      .sorted { (Int($0.dropFirst(5)) ?? 0) < (Int($1.dropFirst(5)) ?? 0) }
    for module in modules {
      if let weight = parameters[module + ".weight"] {
        value = try addWeighted(module, weight, golden, input: value)
      } else {
        value = addRelu(module, behind: value)
      }
    }
    values["body"] = value
  }

  /// `relu((c2(relu(c1(x))) + x) + x)`.
  private mutating func addResidual(
    _ golden: GoldenSet.Case, _ parameters: [String: Tensor], from value: inout String
  ) throws {
    for module in ["c1", "c2"] {
      let weight = try #require(parameters[module + ".weight"])
      value = try addWeighted(module, weight, golden, input: value)
      if module == "c1" { value = addRelu("r1", behind: value) }
    }
    for module in ["ff", "ff2"] {
      graph.append(
        OperatorName("Add"), name: module, inputs: [value, "x"], outputs: [module])
      value = module
      values[module] = module
    }
    value = addRelu("ff2.relu", behind: value)
    for module in ["ff", "ff2"] { values[module + ".activation_post_process"] = values[module] }
  }

  private mutating func addWeighted(
    _ module: String, _ weight: Tensor, _ golden: GoldenSet.Case, input: String
  ) throws -> String {
    var attributes: [String: Attribute] = [:]
    if weight.shape.rank == 2 {
      attributes["transB"] = .int(1)
    } else {
      let kernel = weight.shape.dimensions[2...]
      let made = golden["module_outputs"][module]["q"]["shape"].ints
      let read =
        input == "x"
        ? golden["input"]["shape"].ints : golden["module_outputs"][input]["q"]["shape"].ints
      try #require(made.count == weight.shape.rank && read.count == made.count)
      let pads = kernel.enumerated().map { axis, size in
        (made[axis + 2] - read[axis + 2] + size - 1) / 2
      }
      attributes["kernel_shape"] = .ints(kernel.map { Int64($0) })
      attributes["pads"] = .ints((pads + pads).map { Int64($0) })
    }
    graph.append(
      OperatorName(weight.shape.rank == 2 ? "Gemm" : "Conv"), name: module,
      inputs: [input, module + ".weight", module + ".bias"], outputs: [module],
      attributes: attributes)
    values[module] = module
    return module
  }

  /// A ReLU that is fused: the module before it stands for both.
  private mutating func addRelu(_ module: String, behind value: String) -> String {
    graph.append(OperatorName("Relu"), name: module, inputs: [value], outputs: [module])
    values[value] = module
    values[module] = module
    return module
  }
}
