package import Datasets
package import Execution
package import Graphs
package import Tensors

/// Hands the outputs of each step of one model to the next step, and zeros to the first.
package struct StateCarrier {
  private let links: [StateLink]
  private let inputs: [String: ValueDeclaration]
  private var held: [String: Tensor] = [:]

  /// - Throws: ``CalibrationError/state(_:reason:)`` when a link names what the model does not have, or what
  ///   does not fit.
  package init(_ links: [StateLink], _ executor: Executor) throws(CalibrationError) {
    try self.init(links, inputs: executor.inputs, outputs: executor.outputs)
  }

  package init(
    _ links: [StateLink], inputs: [ValueDeclaration], outputs: [ValueDeclaration]
  ) throws(CalibrationError) {
    var seen: Set<String> = []
    for link in links {
      guard let input = inputs.first(where: { $0.name == link.input }) else {
        throw .state(
          link, reason: "the model has no input '\(link.input)'; it has \(Self.names(inputs))")
      }
      guard let output = outputs.first(where: { $0.name == link.output }) else {
        throw .state(
          link, reason: "the model has no output '\(link.output)'; it has \(Self.names(outputs))")
      }
      guard seen.insert(link.input).inserted else {
        throw .state(link, reason: "'\(link.input)' takes two outputs")
      }
      let (wanted, found) = (input.elementType ?? .float32, output.elementType ?? .float32)
      guard wanted == found else {
        throw .state(link, reason: "the input is \(wanted), the output \(found)")
      }
      if let wanted = input.dimensions, let found = output.dimensions,
        !Self.fits(found.map(\.fixedExtent), wanted.map(\.fixedExtent))
      {
        throw .state(
          link,
          reason: "the input is \(Self.text(wanted)), the output \(Self.text(found))")
      }
    }
    self.links = links
    self.inputs = Dictionary(inputs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// What the model takes at a step: the data and the states.
  package mutating func inputs(
    _ batch: [String: Tensor], startsSequence: Bool
  ) throws(CalibrationError) -> [String: Tensor] {
    guard !links.isEmpty else { return batch }
    if startsSequence { held = [:] }
    var result = batch
    for link in links { result[link.input] = held[link.input] ?? zeros(link.input, beside: batch) }
    return result
  }

  /// Keeps the outputs of a step for the next.
  package mutating func keep(_ outputs: [String: Tensor]) {
    for link in links { held[link.input] = outputs[link.output] }
  }

  /// Free extents are those of the data: by name where they have one, else that of the batch.
  private func zeros(_ name: String, beside batch: [String: Tensor]) -> Tensor {
    var named: [String: Int] = [:]
    var samples = 1
    for (input, tensor) in batch.sorted(by: { $0.key < $1.key }) {
      for (axis, dimension) in (inputs[input]?.dimensions ?? []).enumerated()
      where axis < tensor.shape.rank && dimension.fixedExtent == nil {
        if case .symbolic(let name) = dimension { named[name] = tensor.shape[axis] }
        if axis == 0 { samples = tensor.shape[axis] }
      }
    }
    let extents = (inputs[name]?.dimensions ?? []).map { dimension in
      dimension.fixedExtent ?? named[dimension.description] ?? samples
    }
    return Tensor(inputs[name]?.elementType ?? .float32, shape: Shape(extents))
  }

  private static func fits(_ found: [Int?], _ wanted: [Int?]) -> Bool {
    found.count == wanted.count
      && zip(found, wanted).allSatisfy { $0 == nil || $1 == nil || $0 == $1 }
  }

  private static func text(_ dimensions: [Dimension]) -> String {
    dimensions.isEmpty
      ? "a scalar" : dimensions.map(\.description).joined(separator: "×")
  }

  private static func names(_ values: [ValueDeclaration]) -> String {
    values.map { "'\($0.name)'" }.joined(separator: ", ")
  }
}
